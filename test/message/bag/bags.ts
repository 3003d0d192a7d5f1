import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { McapWriter, type McapWriterOptions } from '@mcap/core';
import { BagSource, type BagSourceOptions } from '../../../src/message/bag/bag-source.js';
import { isBadFrame, type BadFrame, type SourceFrame } from '../../../src/vision/picture/frame-source.js';
import { CompressedImageWriter, ImageWriter } from '../../../src/message/write/image.js';
import { messageType } from '../../../src/message/message-type.js';

/** A message for a bag that a test makes. */
export interface TestMessage {
  readonly topic: string;
  /** `sensor_msgs/Image` */
  readonly type: string;
  readonly cdr: Uint8Array;
  readonly logTime: bigint;
}

/** An MCAP file in memory, written by MCAP's own writer. */
export async function mcap(
  messages: readonly TestMessage[],
  options: Omit<McapWriterOptions, 'writable'> = {},
): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let position = 0n;
  const writable = {
    write(bytes: Uint8Array): Promise<void> {
      parts.push(bytes.slice());
      position += BigInt(bytes.length);
      return Promise.resolve();
    },
    position: () => position,
  };
  const writer = new McapWriter({ chunkSize: 200, ...options, writable });
  await writer.start({ profile: 'ros2', library: 'test' });
  const channels = new Map<string, number>();
  for (const { topic, type, cdr, logTime } of messages) {
    let channelId = channels.get(topic);
    if (channelId === undefined) {
      const { name, definition } = messageType(type);
      const data = Buffer.from(definition);
      const schemaId = await writer.registerSchema({ name, encoding: 'ros2msg', data });
      const channel = { schemaId, topic, messageEncoding: 'cdr', metadata: new Map<string, string>() };
      channelId = await writer.registerChannel(channel);
      channels.set(topic, channelId);
    }
    await writer.addMessage({ channelId, sequence: 0, logTime, publishTime: logTime, data: cdr });
  }
  await writer.end();
  return Buffer.concat(parts);
}

/** Chunks in zstd frames that hold their data as raw blocks. */
export function zstdChunk(data: Uint8Array): { compression: string; compressedData: Uint8Array } {
  const parts = [Buffer.from('28b52ffda000000000', 'hex')];
  // Descriptor a0: single segment, content size in 4 bytes.
  parts[0]!.writeUInt32LE(data.length, 5);
  for (let start = 0; start < data.length; start += 0x1ffff) {
    const block = data.subarray(start, start + 0x1ffff);
    const last = start + block.length === data.length ? 1 : 0;
    const header = Buffer.alloc(3);
    header.writeUIntLE(last + block.length * 8, 0, 3);
    parts.push(header, Buffer.from(block));
  }
  return { compression: 'zstd', compressedData: Buffer.concat(parts) };
}

/** Chunks in lz4 frames that hold their data as one raw block of up to 4 MB. */
export function lz4Chunk(data: Uint8Array): { compression: string; compressedData: Uint8Array } {
  const begin = Buffer.from('04224d18607073' + '00000000', 'hex');
  begin.writeUInt32LE((data.length | 0x80000000) >>> 0, 7);
  return { compression: 'lz4', compressedData: Buffer.concat([begin, data, Buffer.alloc(4)]) };
}

/** Packed NV12 of 4 x 2 in which every byte tells the frame. */
export function tinyPixels(index: number): Uint8Array {
  return Uint8Array.from({ length: 12 }, (_, i) => (16 * index + i) % 256);
}

/** An NV12 sensor_msgs/Image of 4 x 2, one second after the other. */
export function tinyImage(index: number, topic = '/camera'): TestMessage {
  const header = { stamp: { sec: 100 + index, nanosec: index }, frameId: `frame ${index}` };
  const layout = { width: 4, height: 2, encoding: 'nv12', step: 4 };
  const cdr = new ImageWriter().write(header, layout, tinyPixels(index)).slice();
  return { topic, type: 'sensor_msgs/Image', cdr, logTime: BigInt(100 + index) * 1_000_000_000n };
}

export function tinyImages(count: number, topic?: string): TestMessage[] {
  return Array.from({ length: count }, (_, index) => tinyImage(index, topic));
}

export function compressedImage(index: number, file: Uint8Array, topic: string): TestMessage {
  const header = { stamp: { sec: 100 + index, nanosec: index }, frameId: `frame ${index}` };
  const cdr = new CompressedImageWriter().write(header, 'jpeg', file).slice();
  return { topic, type: 'sensor_msgs/CompressedImage', cdr, logTime: BigInt(index) };
}

/** A HbmMsg as TROS publishers fill it: step stale, letters of the encoding only, data_size of a larger buffer. */
export function hbm(
  index: number,
  type: 'HbmMsg480P' | 'HbmMsg540P' | 'HbmMsg1080P',
  encoding = 'nv12',
  data = tinyPixels(index),
): TestMessage {
  const room = { HbmMsg480P: 921_600, HbmMsg540P: 1_555_200, HbmMsg1080P: 6_220_800 }[type];
  const cdr = Buffer.alloc(44 + room, 0xa5);
  cdr.writeUInt32BE(0x00010000, 0);
  const fields = [index, 100 + index, index, 2, 4, data.length + 28, 3];
  fields.forEach((value, i) => cdr.writeUInt32LE(value, 4 + 4 * i));
  cdr.write(encoding, 32, 'latin1');
  cdr.set(data, 44);
  return { topic: '/hbmem_img', type: `hbm_img_msgs/${type}`, cdr, logTime: BigInt(index) };
}

/** Everything a bag yields. */
export async function readBag(bag: string, options?: BagSourceOptions): Promise<(SourceFrame | BadFrame)[]> {
  const source = await BagSource.open(bag, options);
  const items: (SourceFrame | BadFrame)[] = [];
  for await (const item of source.frames()) items.push(item);
  return items;
}

export function framesOf(items: readonly (SourceFrame | BadFrame)[]): SourceFrame[] {
  return items.filter((item): item is SourceFrame => !isBadFrame(item));
}

export function errorsOf(items: readonly (SourceFrame | BadFrame)[]): string[] {
  return items.filter(isBadFrame).map(({ error }) => error.message);
}

export function write(folder: string, name: string, bytes: Uint8Array): string {
  const file = path.join(folder, name);
  writeFileSync(file, bytes);
  return file;
}
