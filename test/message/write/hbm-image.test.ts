import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { ExpectationError } from '../../../src/base/expect.js';
import { hbmView } from '../../../src/message/read/image-message.js';
import { nv12Frame } from '../../../src/vision/picture/nv12-frame.js';
import { CdrEncoder } from '../../../src/message/write/cdr-encoder.js';
import { HBM_ROOM, HbmImageWriter, type HbmMessage } from '../../../src/message/write/hbm-image.js';
import { messageType } from '../../../src/message/message-type.js';
import { HEADER, hex } from './samples.js';

/** 4 x 2 in rows of 6, with two bytes between the planes. */
const FRAME = nv12Frame(Uint8Array.of(1, 2, 3, 4, 0, 0, 5, 6, 7, 8, 0, 0, 99, 99, 10, 11, 12, 13, 0, 0), {
  width: 4,
  height: 2,
  step: 6,
  chromaOffset: 14,
});
const PACKED = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13);

const noise = (length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8)) & 255);

describe('HbmImageWriter', () => {
  it('writes fields at the offsets of the struct', () => {
    const cdr = new HbmImageWriter('HbmMsg480P').writeNv12(
      { index: 7, stamp: { sec: -2, nanosec: 999_999_999 } },
      FRAME,
    );
    const expected = hex(`
      00 01 00 00                          # plain CDR, little-endian
      07 00 00 00                          # index
      fe ff ff ff  ff c9 9a 3b             # stamp
      02 00 00 00  04 00 00 00             # height, width
      0c 00 00 00  04 00 00 00             # data_size, step
      6e 76 31 32  00 00 00 00 00 00 00 00 # encoding
      01 02 03 04 05 06 07 08 0a 0b 0c 0d
    `);
    assert.deepEqual(Buffer.from(cdr.subarray(0, expected.length)), expected);
    assert.equal(cdr.length, 44 + 921_600);
    assert.ok(cdr.subarray(expected.length).every((byte) => byte === 0));
  });

  it('writes the same bytes as the generic encoder, with full and partial data', () => {
    const sizes: Record<HbmMessage, [width: number, height: number][]> = {
      HbmMsg480P: [
        [640, 480],
        [960, 640], // the most it has room for
        [64, 36],
      ],
      HbmMsg540P: [[960, 540]],
      HbmMsg1080P: [[1920, 1080]],
    };
    for (const [message, frames] of Object.entries(sizes) as [HbmMessage, [number, number][]][]) {
      const encoder = new CdrEncoder<object>(messageType(`hbm_img_msgs/${message}`));
      for (const [index, [width, height]] of frames.entries()) {
        const writer = new HbmImageWriter(message);
        const pixels = noise((width * height * 3) / 2);
        const data = new Uint8Array(HBM_ROOM[message]);
        data.set(pixels);
        const cdr = writer.writeNv12({ index, stamp: HEADER.stamp }, nv12Frame(pixels, { width, height }));
        const expected = encoder.write({
          index,
          time_stamp: HEADER.stamp,
          height,
          width,
          data_size: pixels.length,
          step: width,
          encoding: Uint8Array.of(0x6e, 0x76, 0x31, 0x32, 0, 0, 0, 0, 0, 0, 0, 0),
          data,
        });
        assert.equal(writer.type, `hbm_img_msgs/msg/${message}`);
        assert.equal(Buffer.compare(cdr, expected), 0, `${message} ${width}x${height}`);
      }
    }
  });

  it('is read back by hbmView', () => {
    const writer = new HbmImageWriter('HbmMsg480P');
    const large = nv12Frame(noise(640 * 720), { width: 640, height: 480 });
    writer.writeNv12({ index: 0, stamp: HEADER.stamp }, large);
    // A smaller frame after a larger one: what the larger one left is not part of it.
    const { data, ...rest } = hbmView(writer.writeNv12({ index: 1, stamp: HEADER.stamp }, FRAME));
    assert.deepEqual(rest, {
      index: 1,
      stamp: HEADER.stamp,
      width: 4,
      height: 2,
      encoding: 'nv12',
      isBigEndian: false,
      hasBufferSize: true,
      step: 4,
    });
    assert.deepEqual([...data], [...PACKED]);
  });

  it('carries JPEG files as hobot_codec sends them', () => {
    const writer = new HbmImageWriter('HbmMsg480P');
    const file = Uint8Array.of(0xff, 0xd8, 0xff, 1, 2, 3);
    const header = { index: 3, stamp: HEADER.stamp };
    const { data, ...rest } = hbmView(writer.writeJpeg(header, { width: 640, height: 480 }, file));
    assert.deepEqual([...data], [...file]);
    assert.deepEqual([rest.encoding, rest.width, rest.height, rest.step], ['jpeg', 640, 480, 640]);
    assert.equal(hbmView(writer.writeNv12(header, FRAME)).encoding, 'nv12');
    assert.throws(
      () => writer.writeJpeg(header, { width: 640, height: 480 }, new Uint8Array(921_601)),
      /at most 921600 bytes for HbmMsg480P but received one of 640x480 pixels, which has 921601/,
    );
  });

  it('allocates its bytes once', () => {
    const writer = new HbmImageWriter('HbmMsg540P');
    const first = writer.writeNv12({ index: 0, stamp: HEADER.stamp }, FRAME);
    assert.equal(writer.writeNv12({ index: 1, stamp: HEADER.stamp }, FRAME).buffer, first.buffer);
  });

  it('refuses a frame that is too large', () => {
    const frame = nv12Frame(new Uint8Array(962 * 640 * 1.5), { width: 962, height: 640 });
    assert.throws(
      () => new HbmImageWriter('HbmMsg480P').writeNv12({ index: 0, stamp: HEADER.stamp }, frame),
      (error) =>
        error instanceof ExpectationError &&
        /at most 921600 bytes for HbmMsg480P but received 962x640, which has 923520/.test(error.message),
    );
  });
});
