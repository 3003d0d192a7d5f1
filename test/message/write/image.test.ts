import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { MessageWriter } from '@foxglove/rosmsg2-serialization';
import { nv12Frame } from '../../../src/vision/picture/nv12-frame.js';
import { CompressedImageWriter, ImageWriter } from '../../../src/message/write/image.js';
import { HEADER, readBack } from './samples.js';

describe('ImageWriter', () => {
  it('writes the same bytes as MessageWriter', () => {
    const writer = new ImageWriter();
    for (const frameId of ['', 'c', 'ca', 'cam', 'came']) {
      const pixels = Uint8Array.from({ length: 2 * 15 }, (_, i) => i);
      const header = { ...HEADER, frameId };
      const cdr = writer.write(header, { width: 5, height: 2, encoding: 'bgr8', step: 15 }, pixels);
      const expected = new MessageWriter([...writer.type.definitions]).writeMessage({
        header: { stamp: HEADER.stamp, frame_id: frameId },
        height: 2,
        width: 5,
        encoding: 'bgr8',
        is_bigendian: 0,
        step: 15,
        data: pixels,
      });
      assert.deepEqual(Buffer.from(cdr), Buffer.from(expected));
    }
  });

  it('packs the rows of an NV12 frame', () => {
    // 4 x 2 in rows of 6, with two bytes between the planes.
    const bytes = Uint8Array.of(1, 2, 3, 4, 0, 0, 5, 6, 7, 8, 0, 0, 99, 99, 10, 11, 12, 13, 0, 0);
    const frame = nv12Frame(bytes, { width: 4, height: 2, step: 6, chromaOffset: 14 });
    const writer = new ImageWriter();
    const packed = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13);
    const expected = {
      header: { stamp: HEADER.stamp, frame_id: 'camera' },
      height: 2,
      width: 4,
      encoding: 'nv12',
      is_bigendian: 0,
      step: 4,
      data: packed,
    };
    assert.deepEqual(readBack(writer.type, writer.writeNv12(HEADER, frame)), expected);
    const packedFrame = nv12Frame(packed, { width: 4, height: 2 });
    assert.deepEqual(readBack(writer.type, writer.writeNv12(HEADER, packedFrame)), expected);
  });
});

describe('CompressedImageWriter', () => {
  it('writes the file unchanged', () => {
    const writer = new CompressedImageWriter();
    const file = Uint8Array.of(0xff, 0xd8, 0xff, 0xd9);
    assert.deepEqual(readBack(writer.type, writer.write(HEADER, 'jpeg', file)), {
      header: { stamp: HEADER.stamp, frame_id: 'camera' },
      format: 'jpeg',
      data: file,
    });
  });
});
