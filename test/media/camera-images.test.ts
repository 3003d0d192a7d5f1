import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { ExpectationError } from '../../src/base/expect.js';
import { AS_TOLD } from '../../src/message/read/camera-image.js';
import type { RawImage } from '../../src/message/read/image-message.js';
import { Letterbox } from '../../src/vision/picture/letterbox.js';
import { addon } from '../../src/native/addon.js';
import { letterboxed } from '../native/reference.js';
import { frameOf, IMAGE_PATHS, MODEL, sampleImage, throughNativeCamera } from './camera-images.js';

const ENCODINGS = addon()
  .imageEncodings()
  .map(({ name }) => name);
const YUV420 = ['nv12', 'nv21', 'i420', 'yv12'];
const YUV = [...YUV420, 'yuyv', 'uyvy'];

for (const [name, read] of Object.entries(IMAGE_PATHS)) {
  describe(`images of cameras by ${name}`, () => {
    /** The image is read to `nv12`, without a word. */
    const expectRead = async (image: RawImage, nv12: Uint8Array, reading = AS_TOLD): Promise<void> => {
      const seen = await read(image, reading);
      const what = `${image.width}x${image.height} ${image.encoding}, step ${image.step}, ${image.data.length} bytes`;
      assert.deepEqual(seen.nv12, nv12, what);
      assert.deepEqual(seen.picture, { width: image.width, height: image.height }, what);
      assert.equal(seen.warning, undefined, what);
    };

    for (const encoding of ENCODINGS) {
      it(`are read as ${encoding}, packed and padded`, async () => {
        for (const [width, height] of [
          [2, 2],
          [30, 22],
          [66, 34],
        ] as const) {
          const packed = sampleImage(encoding, { width, height });
          await expectRead(packed.image, packed.nv12);
          const stride = packed.image.step + 6;
          const padded = sampleImage(encoding, { width, height }, { stride });
          await expectRead(padded.image, padded.nv12);
        }
      });

      if (!YUV420.includes(encoding)) {
        it(`are read to the last pixel as ${encoding} of odd size`, async () => {
          for (const [width, height] of [
            [30, 21],
            ...(YUV.includes(encoding)
              ? []
              : ([
                  [31, 20],
                  [31, 21],
                  [1, 1],
                  [65, 1],
                ] as const)),
          ] as const) {
            const { image, nv12 } = sampleImage(encoding, { width, height });
            await expectRead(image, nv12);
          }
        });
      }
    }

    it('are read under the other names of their encodings, in any case', async () => {
      for (const { name: encoding, aliases } of addon().imageEncodings()) {
        const { image, nv12 } = sampleImage(encoding, { width: 8, height: 6 });
        for (const alias of [encoding, ...aliases.split(' ').filter(Boolean)]) {
          await expectRead({ ...image, encoding: alias }, nv12);
          await expectRead({ ...image, encoding: alias.toUpperCase() }, nv12);
          await expectRead({ ...image, encoding: alias.toLowerCase() }, nv12);
        }
      }
      for (const [alias, encoding] of [
        ['8UC1', 'mono8'],
        ['8UC3', 'bgr8'],
        ['8UC4', 'bgra8'],
        ['16UC1', 'mono16'],
        ['yuv422', 'uyvy'],
        ['yuv422_yuy2', 'yuyv'],
      ] as const) {
        const { image, nv12 } = sampleImage(encoding, { width: 8, height: 6 });
        await expectRead({ ...image, encoding: alias }, nv12);
      }
    });

    it('are scaled from 16 bits by the given white, in either byte order', async () => {
      const image: RawImage = {
        ...{ width: 4, height: 2, encoding: 'mono16', step: 8, hasBufferSize: false, isBigEndian: false },
        data: new Uint8Array(Uint16Array.of(0, 2000, 4095, 60_000, 8, 16, 2047, 2048).buffer),
      };
      const luma = [0, 125, 255, 255, 0, 1, 127, 128];
      const chroma = [128, 128, 128, 128];
      const reading = { ...AS_TOLD, white: 4095 };
      await expectRead(image, Uint8Array.from([...luma, ...chroma]), reading);
      const swapped = Uint8Array.from(image.data, (_, i) => image.data[i ^ 1]!);
      await expectRead(
        { ...image, data: swapped, isBigEndian: true },
        Uint8Array.from([...luma, ...chroma]),
        reading,
      );
      const standard = [0, 8, 16, 233, 0, 0, 8, 8];
      await expectRead(image, Uint8Array.from([...standard, ...chroma]));
    });

    it('with padding rows are recognized by the length of their data', async () => {
      // 1080 rows in 1088, as video encoders want them; widths that are aligned and widths that are not.
      for (const encoding of YUV420) {
        for (const [width, height, rows] of [
          [64, 54, 56],
          [64, 54, 64],
          [40, 54, 64],
          [54, 60, 64],
        ] as const) {
          const { image, nv12 } = sampleImage(encoding, { width, height }, { rows });
          for (const step of [0, width]) await expectRead({ ...image, step: step || image.step }, nv12);
        }
      }
    });

    it('with rows longer than step are recognized by the length of their data', async () => {
      for (const encoding of ENCODINGS) {
        const bytes = sampleImage(encoding, { width: 2, height: 2 }).image.step / 2;
        for (const stride of [64 * bytes, 128 * bytes]) {
          const { image, nv12 } = sampleImage(encoding, { width: 54, height: 50 }, { stride });
          for (const step of [0, 54 * bytes, 54]) await expectRead({ ...image, step }, nv12);
        }
      }
      const { image, nv12 } = sampleImage('nv12', { width: 54, height: 50 }, { stride: 64, rows: 52 });
      await expectRead({ ...image, step: 54 }, nv12);
    });

    it('of any other length are read as in the message, with a warning that names both sizes', async () => {
      const { image, nv12 } = sampleImage('nv12', { width: 64, height: 48 });
      const longer = { ...image, data: Uint8Array.of(...image.data, ...new Uint8Array(10)) };
      const seen = await read(longer, AS_TOLD);
      assert.deepEqual(seen.nv12, nv12);
      assert.match(
        seen.warning!,
        /^Expected 4608 bytes for a 64x48 nv12 image with rows of 64 bytes but received 4618 bytes\. .*image_step and image_rows/,
      );
      // The last row without its padding.
      const padded = sampleImage('rgb8', { width: 10, height: 8 }, { stride: 32 });
      await expectRead({ ...padded.image, data: padded.image.data.subarray(0, 7 * 32 + 30) }, padded.nv12);
    });

    it('of a length that several paddings could explain are read as in the message, with a warning that names them', async () => {
      const { image } = sampleImage('nv12', { width: 48, height: 48 }, { rows: 64 });
      const { warning } = await read({ ...image, step: 0 }, AS_TOLD);
      assert.match(warning!, /The size is that of 64 rows of 48 bytes, or of 48 rows of 64 bytes\./);
      // Where the header is right about one of them, it is that one.
      assert.equal((await read(image, AS_TOLD)).warning, undefined);
    });

    it('of HbmMsg, whose length is that of a buffer, are read according to the parameters, and cause a warning without them', async () => {
      // hobot_codec copies packed pixels into the decoder's larger buffer: the length must not be believed.
      const packed = sampleImage('nv12', { width: 64, height: 54 });
      const room = Uint8Array.of(
        ...packed.image.data,
        ...new Uint8Array(64 * 64 * 1.5 - packed.image.data.length),
      );
      const codec = { ...packed.image, data: room, hasBufferSize: true };
      const seen = await read(codec, AS_TOLD);
      assert.deepEqual(seen.nv12, packed.nv12);
      assert.match(
        seen.warning!,
        /^Expected 5184 bytes for a 64x54 nv12 image with rows of 64 bytes but received 6144 bytes\. It is read with 54 rows of 64 bytes\. The size is that of 64 rows of 64 bytes/,
      );
      await expectRead(codec, packed.nv12, { ...AS_TOLD, rows: 54 });

      // The camera of X5, which pads and says it does not.
      const padded = sampleImage('nv12', { width: 54, height: 50 }, { stride: 64, rows: 52 });
      const mipi = { ...padded.image, step: 54, hasBufferSize: true };
      assert.match((await read(mipi, AS_TOLD)).warning!, /52 rows of 64 bytes/);
      await expectRead(mipi, padded.nv12, { ...AS_TOLD, step: 64, rows: 52 });
      await expectRead(packed.image, packed.nv12, { ...AS_TOLD, step: 64 });
    });

    it('are refused if parameters give less than the picture or more than the data', async () => {
      const { image } = sampleImage('nv12', { width: 64, height: 48 });
      for (const [reading, message] of [
        [{ step: 63 }, /image_step of at least 64 bytes for a 64x48 nv12 image but received 63/],
        [{ rows: 47 }, /image_rows of at least 48 for a 64x48 nv12 image but received 47/],
        [{ step: 80 }, /at least 5744 bytes for a 64x48 nv12 image but received 4608 bytes\. image_step/],
      ] as const) {
        await assert.rejects(read(image, { ...AS_TOLD, ...reading }), (error) => {
          assert.ok(error instanceof ExpectationError);
          assert.match(error.message, message);
          return true;
        });
      }
    });

    it('are refused if parameters exceed the largest supported sizes, and read up to these', async () => {
      const small = { width: 2, height: 6 };
      for (const encoding of ['rgb8', 'mono8', 'mono16', 'yuyv', 'nv12', 'nv21', 'i420', 'yv12']) {
        const { image } = sampleImage(encoding, small);
        for (const [reading, message] of [
          [
            { step: 4_294_967_295, rows: 4_294_967_295 },
            /image_step of at most 1048576 bytes but received 4294967295/,
          ],
          [
            { step: 4_294_967_294, rows: 4_294_967_294 },
            /image_step of at most 1048576 bytes but received 4294967294/,
          ],
          [{ step: 1_048_577 }, /image_step of at most 1048576 bytes but received 1048577/],
          [{ rows: 65_537 }, /image_rows of at most 65536 but received 65537/],
          [{ rows: 4_294_967_295 }, /image_rows of at most 65536 but received 4294967295/],
          // Within the bounds, and more bytes than there are.
          [
            { step: 1_048_576, rows: 65_536 },
            /image_step and image_rows ask for 65536 rows of 1048576 bytes/,
          ],
        ] as const) {
          await assert.rejects(read(image, { ...AS_TOLD, ...reading }), message, encoding);
        }
      }
      const wide = sampleImage('mono8', { width: 2, height: 2 }, { stride: 1_048_576 });
      await expectRead({ ...wide.image, step: 2 }, wide.nv12, { ...AS_TOLD, step: 1_048_576 });
      const tall = sampleImage('nv12', small, { rows: 65_536 });
      await expectRead(tall.image, tall.nv12, { ...AS_TOLD, rows: 65_536 });
    });

    it('are refused with a list of supported encodings', async () => {
      const { image } = sampleImage('nv12', { width: 4, height: 2 });
      for (const encoding of ['bayer_rggb8', '32FC1', 'nv24', '', 'nv1', 'nv122', ' nv12']) {
        await assert.rejects(
          read({ ...image, encoding }, AS_TOLD),
          /Expected an image with encoding nv12, nv21, yuyv \(yuv422_yuy2, yuy2\), .* mono16 \(16UC1\) but received /,
        );
      }
    });
  });
}

describe('images of native subscriptions', () => {
  it('become the same model input as the frame, whether pixels are kept or not', async () => {
    for (const encoding of ENCODINGS) {
      for (const [width, height] of [
        [100, 60],
        [38, 90],
        ...(YUV.includes(encoding) ? [] : ([[37, 91]] as const)),
      ] as const) {
        const { image, nv12 } = sampleImage(encoding, { width, height });
        const frame = frameOf(nv12, width + (width % 2), height + (height % 2));
        const box = new Letterbox(frame.width, frame.height, MODEL.width, MODEL.height);
        const expected = letterboxed(frame, box, MODEL.width, MODEL.height);
        for (const keep of [false, true]) {
          const { input, frameInfo } = await throughNativeCamera(image, AS_TOLD, keep);
          assert.deepEqual(input, expected, `${encoding} ${width}x${height} ${keep}`);
          assert.equal(frameInfo.pixels !== undefined, keep);
        }
      }
    }
  });
});
