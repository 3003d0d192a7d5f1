import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import sharp from 'sharp';
import { ExpectationError } from '../../../src/base/expect.js';
import { CameraImageReader } from '../../../src/message/read/camera-image.js';
import { IMAGE_MESSAGE_NAMES, type ImageMessageName } from '../../../src/message/image-messages.js';
import { nv12Frame } from '../../../src/vision/picture/nv12-frame.js';
import { HbmImageWriter } from '../../../src/message/write/hbm-image.js';
import { CompressedImageWriter, ImageWriter } from '../../../src/message/write/image.js';
import { ReceivedImage } from '../../../src/node/segment/received-image.js';
import { HEADER } from '../../message/write/samples.js';

const PIXELS = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13);
const NV12 = { width: 4, height: 2, encoding: 'nv12', step: 4 };

const read = (cdr: Uint8Array, message: ImageMessageName, hbmFrameId = ''): ReceivedImage =>
  ReceivedImage.read(cdr, message, new CameraImageReader(2), hbmFrameId, 123.5);

function hbm(index = 7): Buffer {
  const frame = nv12Frame(PIXELS, { width: 4, height: 2 });
  return new HbmImageWriter('HbmMsg480P').writeNv12({ index, stamp: HEADER.stamp }, frame);
}

describe('ReceivedImage', () => {
  it('reads stamp and frame_id of an image, and keeps NV12 in place', async () => {
    const cdr = new ImageWriter().write(HEADER, NV12, PIXELS).slice();
    const frame = read(cdr, 'image');
    assert.deepEqual([frame.stamp, frame.frameId], [HEADER.stamp, HEADER.frameId]);
    assert.equal(frame.received, 123.5);
    const pixels = await frame.prepare();
    assert.equal(pixels.data.buffer, cdr.buffer);
    assert.deepEqual([...pixels.data.subarray(pixels.lumaOffset, pixels.lumaOffset + 4)], [1, 2, 3, 4]);
  });

  it('does not read pixels before it is prepared', () => {
    const frame = read(new ImageWriter().write(HEADER, { ...NV12, encoding: '32FC1' }, PIXELS), 'image');
    assert.throws(() => frame.prepare(), /an image with encoding nv12, .* but received 32FC1/);
  });

  it('converts other encodings', async () => {
    const gray = { width: 4, height: 2, encoding: 'mono8', step: 4 };
    const frame = read(new ImageWriter().write(HEADER, gray, PIXELS.subarray(0, 8)), 'image');
    assert.deepEqual([...(await frame.prepare()).data], [1, 2, 3, 4, 5, 6, 7, 8, 128, 128, 128, 128]);
  });

  it('decompresses compressed images', async () => {
    const background = { r: 90, g: 90, b: 90 };
    const file = await sharp({ create: { width: 32, height: 16, channels: 3, background } })
      .png()
      .toBuffer();
    const frame = read(new CompressedImageWriter().write(HEADER, 'png', file), 'compressed');
    assert.equal(frame.frameId, HEADER.frameId);
    const { width, height, data } = await frame.prepare();
    assert.deepEqual([width, height, data[0]], [32, 16, 90]);
  });

  it('uses the index of HbmMsg images as frame_id, or the configured one', async () => {
    for (const message of ['hbm480p', 'hbm540p', 'hbm1080p'] as const) {
      const frame = read(hbm(), message);
      assert.deepEqual([frame.stamp, frame.frameId], [HEADER.stamp, '7']);
      assert.equal(read(hbm(), message, 'front').frameId, 'front');
      const pixels = await frame.prepare();
      assert.deepEqual([pixels.width, pixels.height, pixels.data[pixels.lumaOffset]], [4, 2, 1]);
    }
  });

  it('reads JPEG in HbmMsg, as hobot_codec sends it', async () => {
    const background = { r: 90, g: 90, b: 90 };
    const file = await sharp({ create: { width: 32, height: 16, channels: 3, background } })
      .jpeg()
      .toBuffer();
    const cdr = Buffer.alloc(44 + file.length);
    hbm().copy(cdr, 0, 0, 44);
    cdr.writeUInt32LE(16, 16); // height
    cdr.writeUInt32LE(32, 20); // width
    cdr.writeUInt32LE(file.length, 24); // data_size
    cdr.write('jpeg', 32, 'latin1');
    cdr.set(file, 44);
    const { width, height, data } = await read(cdr, 'hbm1080p').prepare();
    assert.deepEqual([width, height], [32, 16]);
    assert.ok(Math.abs(data[0]! - 90) <= 2, `${data[0]}`);
  });

  it('refuses messages that are truncated or of another type on arrival', () => {
    const image = new ImageWriter().write(HEADER, NV12, PIXELS).slice();
    for (const message of IMAGE_MESSAGE_NAMES) {
      for (const length of [0, 3, 4, 11, 20]) {
        assert.throws(
          () => read(image.subarray(0, length), message),
          ExpectationError,
          `${message} ${length}`,
        );
      }
    }
    assert.throws(() => read(image.subarray(0, -1), 'image'), ExpectationError);
    assert.throws(() => read(Buffer.concat([Buffer.of(0, 7), image.subarray(2)]), 'image'), /CDR2_LE/);
  });
});
