import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import fc from 'fast-check';
import { ExpectationError } from '../../../src/base/expect.js';
import { compressedImageView, hbmView, imageView } from '../../../src/message/read/image-message.js';

function hex(text: string): Uint8Array {
  return Buffer.from(text.replace(/#.*/g, '').replace(/\s/g, ''), 'hex');
}

const IMAGE = hex(`
  00 01 00 00                                    # plain CDR, little-endian
  fe ff ff ff  ff c9 9a 3b                       # stamp -2 s, 999999999 ns
  04 00 00 00  63 61 6d 00                       # frame_id "cam"
  02 00 00 00  04 00 00 00                       # height 2, width 4
  05 00 00 00  6e 76 31 32 00                    # encoding "nv12"
  00                                             # is_bigendian
  00 00  04 00 00 00                             # padding, step 4
  0c 00 00 00  01 02 03 04 05 06 07 08 0a 0b 0c 0d # 12 bytes of data
`);

const IMAGE_BIG_ENDIAN = hex(`
  00 00 00 00
  ff ff ff fe  3b 9a c9 ff
  00 00 00 04  63 61 6d 00
  00 00 00 02  00 00 00 04
  00 00 00 05  6e 76 31 32 00
  00
  00 00  00 00 00 04
  00 00 00 0c  01 02 03 04 05 06 07 08 0a 0b 0c 0d
`);

const IMAGE_VIEW = {
  stamp: { sec: -2, nanosec: 999_999_999 },
  frameId: 'cam',
  width: 4,
  height: 2,
  encoding: 'nv12',
  isBigEndian: false,
  step: 4,
  hasBufferSize: false,
};

/** A HbmMsg with room for `room` bytes of pixels. */
function hbm(room: number, encoding: string, dataSize: number, step = 4): Uint8Array {
  const cdr = Buffer.alloc(44 + room);
  cdr[1] = 1;
  for (const [i, value] of [7, 5, 6, 2, 4, dataSize, step].entries()) cdr.writeUInt32LE(value, 4 + 4 * i);
  cdr.write(encoding, 32, 'latin1');
  for (let i = 0; i < room; i++) cdr[44 + i] = i % 251;
  return cdr;
}

/** Every way a message can be cut short. */
function* truncations(cdr: Uint8Array): Generator<Uint8Array> {
  for (let length = 0; length < cdr.length; length++) yield cdr.subarray(0, length);
}

describe('imageView', () => {
  it('reads both byte orders', () => {
    for (const cdr of [IMAGE, IMAGE_BIG_ENDIAN]) {
      const { data, ...rest } = imageView(cdr);
      assert.deepEqual(rest, IMAGE_VIEW);
      assert.deepEqual([...data], [1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13]);
    }
  });

  it('is a view of the received bytes, at any offset of their buffer, padded or not', () => {
    const pool = new Uint8Array(200).fill(0xee);
    pool.set(IMAGE, 13);
    const { data, ...rest } = imageView(pool.subarray(13, 13 + IMAGE.length + 3));
    assert.deepEqual(rest, IMAGE_VIEW);
    assert.equal(data.buffer, pool.buffer);
    assert.equal(data.byteOffset, 13 + IMAGE.length - 12);
    assert.equal(data.length, 12);
  });

  it('never reads beyond a message that is cut short', () => {
    const pool = new Uint8Array(2 * IMAGE.length);
    pool.set(IMAGE);
    pool.set(IMAGE, IMAGE.length);
    for (const cut of truncations(pool.subarray(0, IMAGE.length))) {
      assert.throws(() => imageView(cut), ExpectationError, `${cut.length} bytes`);
    }
  });

  it('says what is missing', () => {
    assert.throws(
      () => imageView(IMAGE.subarray(0, IMAGE.length - 5)),
      /Expected 12 bytes of data in a serialized sensor_msgs\/msg\/Image but received 7 bytes. The message is truncated/,
    );
    assert.throws(() => imageView(IMAGE.subarray(0, 4)), /4 bytes of header.stamp .* but received its end/);
    assert.throws(() => imageView(IMAGE.subarray(0, 3)), /at least 4 bytes but received 3 bytes/);
  });

  it('refuses false lengths', () => {
    for (const offset of [12, 28, 44]) {
      const lying = Uint8Array.from(IMAGE);
      lying.fill(0xff, offset, offset + 4);
      assert.throws(() => imageView(lying), ExpectationError, `length at ${offset}`);
    }
  });

  it('refuses other CDR representations by name', () => {
    const other = Uint8Array.from(IMAGE);
    other[1] = 7;
    assert.throws(() => imageView(other), /plain CDR .* but received representation 7 \(CDR2_LE\)/);
    other[1] = 3;
    assert.throws(() => imageView(other), /representation 3 \(PL_CDR_LE\)/);
    other.set([0x28, 0xb5, 0x2f, 0xfd]);
    assert.throws(() => imageView(other), /representation 10421 \(an unknown one\)/);
  });

  it('accepts strings without a NUL and of length 0', () => {
    const cdr = Buffer.from(IMAGE);
    cdr.writeUInt32LE(3, 12);
    assert.equal(imageView(cdr).frameId, 'cam');
    const empty = Buffer.concat([IMAGE.subarray(0, 12), Buffer.alloc(4), IMAGE.subarray(20)]);
    assert.equal(imageView(empty).frameId, '');
  });

  it('gives a view or an ExpectationError for any bytes', () => {
    const attempt = (view: (cdr: Uint8Array) => { data: Uint8Array }, cdr: Uint8Array): void => {
      try {
        assert.ok(view(cdr).data.length <= cdr.length);
      } catch (error) {
        assert.ok(error instanceof ExpectationError, String(error));
      }
    };
    const bytes = fc.uint8Array({ maxLength: 200 });
    const damaged = fc
      .tuple(fc.nat(IMAGE.length - 1), fc.uint8Array({ minLength: 1, maxLength: 4 }))
      .map(([offset, damage]) => {
        const cdr = new Uint8Array(IMAGE.length + 4);
        cdr.set(IMAGE);
        cdr.set(damage, offset);
        return cdr;
      });
    fc.assert(
      fc.property(fc.oneof(bytes, damaged), (cdr) => {
        const plain = Uint8Array.from(cdr);
        plain.set([0, 1].slice(0, plain.length));
        for (const candidate of [cdr, plain]) {
          for (const view of [imageView, compressedImageView, hbmView]) attempt(view, candidate);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('compressedImageView', () => {
  const CDR = hex(`
    00 01 00 00
    01 00 00 00  02 00 00 00
    01 00 00 00  00  00 00 00            # frame_id "", padding
    05 00 00 00  6a 70 65 67 00          # format "jpeg"
    00 00 00  04 00 00 00  ff d8 ff d9   # padding, 4 bytes of data
  `);

  it('reads format and data', () => {
    const view = compressedImageView(CDR);
    assert.deepEqual(
      { ...view, data: [...view.data] },
      { stamp: { sec: 1, nanosec: 2 }, frameId: '', format: 'jpeg', data: [0xff, 0xd8, 0xff, 0xd9] },
    );
    assert.equal(view.data.buffer, CDR.buffer);
  });

  it('never reads beyond a message that is cut short', () => {
    for (const cut of truncations(CDR)) assert.throws(() => compressedImageView(cut), ExpectationError);
  });
});

describe('hbmView', () => {
  it('reads the fixed layout', () => {
    const { data, ...rest } = hbmView(hbm(30, 'nv12', 12));
    assert.deepEqual(rest, {
      index: 7,
      stamp: { sec: 5, nanosec: 6 },
      width: 4,
      height: 2,
      encoding: 'nv12',
      isBigEndian: false,
      step: 4,
      hasBufferSize: true,
    });
    assert.deepEqual([...data], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  });

  it('compares only the first letters of an encoding, because the rest of the field may be uninitialized', () => {
    assert.equal(hbmView(hbm(30, 'nv128', 12)).encoding, 'nv12');
    assert.equal(hbmView(hbm(30, 'nv12\xff\xfe\x01zzzzz', 12)).encoding, 'nv12');
    assert.equal(hbmView(hbm(30, 'mono8\0jpegxx', 12)).encoding, 'mono8');
    assert.equal(hbmView(hbm(30, 'yuyv', 12)).encoding, 'yuyv');
    assert.equal(hbmView(hbm(30, 'yuv422_yuy2\0', 12)).encoding, 'yuv422_yuy2');
    assert.equal(hbmView(hbm(30, 'yuv422\0yuy2x', 12)).encoding, 'yuv422');
    assert.equal(hbmView(hbm(30, 'NV12UC3', 12)).encoding, 'nv12');
    assert.equal(hbmView(hbm(30, 'bayer_rggb8', 12)).encoding, 'bayer_rggb8');
  });

  it('never exceeds the received data, whatever data_size says', () => {
    assert.equal(hbmView(hbm(30, 'nv12', 29)).data.length, 29);
    assert.equal(hbmView(hbm(30, 'nv12', 0xffffffff)).data.length, 30);
    assert.equal(hbmView(hbm(30, 'nv12', 12).subarray(0, 50)).data.length, 6);
    for (const cut of truncations(hbm(0, 'nv12', 12))) assert.throws(() => hbmView(cut), ExpectationError);
  });
});
