import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BagSource } from '../../src/message/bag/bag-source.js';
import { bagMetadata } from '../../src/message/bag/bag-metadata.js';
import { ExpectationError } from '../../src/base/expect.js';
import { isBadFrame } from '../../src/vision/picture/frame-source.js';
import { hbm, lz4Chunk, mcap, tinyImage, tinyImages, zstdChunk } from '../message/bag/bags.js';
import { expectFrame } from './frames.js';
import { type FuzzSeed, type FuzzTarget, tagged } from './target.js';

/** What an input is, by its first byte: an MCAP file, or the metadata.yaml of a folder with two. */
const FILE = 0;
const METADATA = 1;

/** Frames that are made of one input at most: one whose index points at one message again and again has no end. */
const MOST_FRAMES = 100_000;

/** Bags: MCAP files, and folders of them by their metadata.yaml. */
export async function bagTarget(folder: string): Promise<FuzzTarget> {
  const file = join(folder, 'fuzzed.mcap');
  const split = join(folder, 'split');
  mkdirSync(split);
  for (const part of [0, 1]) writeFileSync(join(split, `split_${part}.mcap`), await mcap(tinyImages(2)));
  return {
    name: 'bag',
    seeds: await bags(),
    async run(input) {
      const whole = (input[0] ?? 0) % 2 === FILE;
      writeFileSync(whole ? file : join(split, 'metadata.yaml'), input.subarray(1));
      const source = await BagSource.open(whole ? file : split);
      let frames = 0;
      let read = false;
      for await (const item of source.frames()) {
        if (++frames > MOST_FRAMES) throw new Error(`more than ${MOST_FRAMES} frames`);
        if (isBadFrame(item)) {
          if (!(item.error instanceof ExpectationError)) throw item.error;
        } else {
          expectFrame(item.frame);
          read = true;
        }
      }
      return read;
    },
  };
}

async function bags(): Promise<FuzzSeed[]> {
  const images = tinyImages(4);
  const small = hbm(1, 'HbmMsg480P');
  const files = [
    await mcap(images),
    await mcap(images, { compressChunk: zstdChunk }),
    await mcap(images, { compressChunk: lz4Chunk }),
    await mcap(images, { useChunks: false }),
    await mcap(images, { useChunkIndex: false }),
    await mcap([...images, { ...small, cdr: small.cdr.subarray(0, 56), topic: '/camera' }, tinyImage(5)]),
  ];
  const seeds = files.flatMap((bytes) => [bytes, withoutChecksums(bytes)]);
  const metadata = bagMetadata({
    ...{ file: 'split_0.mcap', start: 100n, end: 200n },
    topics: [{ topic: '/camera', type: 'sensor_msgs/msg/Image', qos: '', messages: 2 }],
  });
  const list = `${metadata}  relative_file_paths:\n    - "split_1.mcap"\n    - split_0.mcap\n`;
  return [
    ...seeds.map((bytes) => ({ bytes: tagged(FILE, bytes) })),
    ...[metadata, list].map((text) => ({ bytes: tagged(METADATA, Buffer.from(text)) })),
  ];
}

/** The file with each CRC set to 0, which says that there is none: else most damage is seen at once, and no further. */
function withoutChecksums(bytes: Uint8Array): Uint8Array {
  const file = Buffer.from(bytes);
  const [chunk, dataEnd, footer] = [6, 15, 2];
  for (let at = 8; at + 9 < file.length;) {
    const opcode = file[at]!;
    const length = Number(file.readBigUInt64LE(at + 1));
    const content = at + 9;
    if (opcode === chunk) file.writeUInt32LE(0, content + 24);
    if (opcode === dataEnd) file.writeUInt32LE(0, content);
    if (opcode === footer) file.writeUInt32LE(0, content + 16);
    at = content + length;
    if (opcode === footer) break;
  }
  return file;
}
