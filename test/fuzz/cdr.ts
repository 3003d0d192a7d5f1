import sharp from 'sharp';
import { CameraImageReader } from '../../src/message/read/camera-image.js';
import { IMAGE_MESSAGE_NAMES } from '../../src/message/image-messages.js';
import { ReceivedImage } from '../../src/node/segment/received-image.js';
import { compressedImage, hbm, tinyPixels } from '../message/bag/bags.js';
import { ImageWriter } from '../../src/message/write/image.js';
import { expectFrame } from './frames.js';
import { type FuzzSeed, type FuzzTarget, tagged } from './target.js';

const TYPES = IMAGE_MESSAGE_NAMES;

/** Serialized messages of cameras: the first byte says of which type. */
export async function cdrTarget(): Promise<FuzzTarget> {
  const reader = new CameraImageReader(2);
  return {
    name: 'cdr',
    seeds: await messages(),
    async run(input) {
      const type = TYPES[(input[0] ?? 0) % TYPES.length]!;
      const frame = ReceivedImage.read(input.subarray(1), type, reader, '', 0);
      expectFrame(await frame.prepare());
      return true;
    },
  };
}

async function messages(): Promise<FuzzSeed[]> {
  const header = { stamp: { sec: 7, nanosec: 8 }, frameId: 'camera' };
  const writer = new ImageWriter();
  const image = (encoding: string, bytes: number): Uint8Array =>
    writer
      .write(header, { width: 8, height: 4, encoding, step: 8 * bytes }, new Uint8Array(32 * bytes))
      .slice();
  const picture = sharp({ create: { width: 8, height: 4, channels: 3, background: '#f80' } });
  const files = [await picture.jpeg().toBuffer(), await picture.png().toBuffer()];
  const seeds: FuzzSeed[] = [
    ...['nv12', 'bgr8', 'rgb8', 'nv21', 'yuyv', 'uyvy', 'i420', 'mono16', '16UC1', '8UC3'].map((encoding) =>
      image(encoding, 3),
    ),
    image('mono8', 1),
    image('bgra8', 4),
    bigEndian(),
  ].map((cdr) => ({ bytes: tagged(TYPES.indexOf('image'), cdr), structure: [[0, 80]] }));
  for (const file of files) {
    seeds.push({ bytes: tagged(TYPES.indexOf('compressed'), compressedImage(0, file, '/camera').cdr) });
  }
  // Not the whole room for pixels: messages that end early are read as far as they go.
  for (const [encoding, data] of [
    ['nv12', tinyPixels(1)],
    ['jpeg', files[0]!],
  ] as const) {
    const { cdr } = hbm(1, 'HbmMsg480P', encoding, data);
    seeds.push({
      bytes: tagged(TYPES.indexOf('hbm480p'), cdr.subarray(0, 44 + data.length)),
      structure: [[0, 48]],
    });
  }
  return seeds;
}

/** A sensor_msgs/Image as a machine of the other byte order sends it. */
function bigEndian(): Uint8Array {
  const text =
    '00000000 fffffffe3b9ac9ff 0000000463616d00 00000002 00000004 000000056e76313200 00 0000 00000004 0000000c';
  return Buffer.concat([Buffer.from(text.replaceAll(' ', ''), 'hex'), tinyPixels(0)]);
}
