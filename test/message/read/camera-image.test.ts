import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import sharp from 'sharp';
import { CameraImageReader } from '../../../src/message/read/camera-image.js';
import { ExpectationError } from '../../../src/base/expect.js';
import type { RawImage } from '../../../src/message/read/image-message.js';

/** An image of a message whose data has no other bytes than the image's. */
function image(fields: Partial<RawImage>): RawImage {
  const standard = { width: 4, height: 2, encoding: 'nv12', step: 0, data: new Uint8Array(12) };
  return { ...standard, isBigEndian: false, hasBufferSize: false, ...fields };
}

/** A gray picture: a color would need the coefficients that convert.ts has its own tests for. */
function gray(value: number, width: number, height: number, encoding: 'mono8' | 'bgr8' | 'rgb8'): RawImage {
  const row = width * (encoding === 'mono8' ? 1 : 3);
  return image({ width, height, encoding, step: row, data: new Uint8Array(row * height).fill(value) });
}

describe('CameraImageReader', () => {
  it('gives a view of NV12 in place', () => {
    const data = new Uint8Array(20);
    const frame = new CameraImageReader(3).read(image({ data: data.subarray(0, 12) }));
    assert.equal(frame.data.buffer, data.buffer);
    assert.deepEqual([frame.lumaStride, frame.chromaOffset], [4, 8]);
  });

  it('converts into a ring of as many buffers as are in use at once', () => {
    const reader = new CameraImageReader(3);
    const frames = [10, 20, 30, 40].map((value) => reader.read(gray(value, 4, 2, 'bgr8')));
    assert.deepEqual(
      frames.map(({ data }) => data[0]),
      [40, 20, 30, 40],
    );
    assert.equal(frames[3]!.data, frames[0]!.data);
    // Another size, as when a camera is reconfigured.
    assert.deepEqual([reader.read(gray(50, 8, 4, 'rgb8')).width, frames[2]!.data[0]], [8, 30]);
  });

  it('repeats the last row and column of odd sizes, and reports the true size', () => {
    const data = Uint8Array.of(1, 2, 3, 4, 99, 5, 6, 7, 8, 98, 21, 22, 23, 24, 97);
    const frame = new CameraImageReader(1).read(
      image({ width: 5, height: 3, encoding: 'mono8', step: 5, data }),
    );
    assert.deepEqual([frame.width, frame.height, frame.picture], [6, 4, { width: 5, height: 3 }]);
    assert.deepEqual(
      [...frame.data],
      [1, 2, 3, 4, 99, 99, 5, 6, 7, 8, 98, 98, 21, 22, 23, 24, 97, 97, 21, 22, 23, 24, 97, 97].concat(
        new Array<number>(12).fill(128),
      ),
    );
  });

  it('uses a plausible step and no other', () => {
    const read = (step: number, data: Uint8Array): number[] => [
      ...new CameraImageReader(1)
        .read(image({ width: 2, height: 2, encoding: 'mono8', step, data }))
        .data.subarray(0, 4),
    ];
    assert.deepEqual(read(3, Uint8Array.of(1, 2, 0, 3, 4)), [1, 2, 3, 4]);
    for (const step of [0, 1, 2, 3, 0xffffffff])
      assert.deepEqual(read(step, Uint8Array.of(1, 2, 3, 4)), [1, 2, 3, 4]);
  });

  it('names an unsupported encoding, and the supported ones', () => {
    assert.throws(
      () => new CameraImageReader(1).read(image({ encoding: 'bayer_rggb8' })),
      /an image with encoding nv12, nv21, yuyv \(yuv422_yuy2, yuy2\), .*mono16 \(16UC1\) but received bayer_rggb8. Set the camera driver/,
    );
    assert.throws(() => new CameraImageReader(1).read(image({ encoding: '' })), /received an empty string/);
  });

  it('refuses sizes that contradict the data before allocating memory for them', () => {
    const reader = new CameraImageReader(1);
    for (const [width, height] of [
      [16384, 16384],
      [4, 3],
    ] as const) {
      const wrong = { ...gray(0, 2, 2, 'rgb8'), width, height };
      assert.throws(() => reader.read(wrong), /bytes for a \d+x\d+ rgb8 image but received 12 bytes/);
    }
    for (const [width, height] of [
      [0, 0],
      [0, 2],
      [2, 0],
      [0xffffffff, 0xffffffff],
    ] as const) {
      assert.throws(() => reader.read({ ...gray(0, 2, 2, 'rgb8'), width, height }), ExpectationError);
    }
    assert.throws(
      () => reader.read({ ...gray(0, 3, 2, 'mono8'), encoding: 'nv12' }),
      /an even width for NV12/,
    );
  });

  it('rejects files that are truncated or not pictures', async () => {
    const reader = new CameraImageReader(1);
    const noise = Uint8Array.from({ length: 64 * 64 * 3 }, (_, i) => (i * 7919) % 251);
    const whole = await sharp(noise, { raw: { width: 64, height: 64, channels: 3 } })
      .jpeg()
      .toBuffer();
    assert.equal((await reader.decompress(whole)).width, 64);
    await assert.rejects(reader.decompress(whole.subarray(0, whole.length / 2)), /JPEG or PNG/);
    for (const file of [
      new Uint8Array(0),
      Buffer.from('text'),
      Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, 0, 16),
    ]) {
      await assert.rejects(reader.decompress(file), ExpectationError);
    }
  });
});
