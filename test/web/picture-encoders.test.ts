import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import sharp from 'sharp';
import { nv12ToRgb } from '../../src/native/convert.js';
import { hasTurboJpeg } from '../../src/native/jpeg.js';
import type { ColorRange } from '../../src/vision/picture/color-range.js';
import { type Nv12Frame, nv12Frame } from '../../src/vision/picture/nv12-frame.js';
import {
  newPictureEncoder,
  PlanesEncoder,
  type PictureEncoder,
  RgbEncoder,
} from '../../src/web/feed/picture-encoders.js';
import { noiseFrame } from '../native/frames.js';
import { describeUnless, type Reason } from '../skips.js';

const NO_LIBRARY = hasTurboJpeg()
  ? false
  : 'no libturbojpeg: sudo apt install libturbojpeg (Ubuntu), libturbojpeg0 (Debian)';

/** Slow waves of every value of luma and of both chromas, in the range, with noise around the planes and between their rows. */
function waves(width: number, height: number, range: ColorRange): Nv12Frame {
  const frame = noiseFrame(width, height, 1, { luma: 6, chroma: 2, gap: 16 });
  const { data, lumaStride, chromaStride, lumaOffset, chromaOffset } = frame;
  const [low, high, most] = range === 'full' ? [0, 255, 255] : [16, 235, 240];
  const wave = (at: number, top: number): number => Math.round(low + ((top - low) * (1 + Math.sin(at))) / 2);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) data[lumaOffset + y * lumaStride + x] = wave((x + y) / 40, high);
  for (let y = 0; y < height / 2; y++) {
    for (let x = 0; x < width / 2; x++) {
      data[chromaOffset + y * chromaStride + 2 * x] = wave(x / 50 + 1, most);
      data[chromaOffset + y * chromaStride + 2 * x + 1] = wave(y / 40 + 2, most);
    }
  }
  return frame;
}

/** The mean difference of the R, G, B of a file and of its frame's picture. */
async function difference(file: Uint8Array, frame: Nv12Frame, range: ColorRange): Promise<number> {
  const { data, info } = await sharp(file).raw().toBuffer({ resolveWithObject: true });
  const picture = frame.picture ?? frame;
  assert.deepEqual([info.width, info.height, info.channels], [picture.width, picture.height, 3]);
  const rgb = nv12ToRgb(frame, range);
  let sum = 0;
  for (let y = 0; y < info.height; y++)
    for (let i = 0; i < 3 * info.width; i++)
      sum += Math.abs(data[y * 3 * info.width + i]! - rgb[y * 3 * frame.width + i]!);
  return sum / data.length;
}

describe('the encoder of pictures', () => {
  it('is libturbojpeg where there is one', () => {
    assert.equal(newPictureEncoder().constructor, NO_LIBRARY === false ? PlanesEncoder : RgbEncoder);
  });
});

for (const [name, make, skip] of [
  ['sharp', () => new RgbEncoder(), false],
  ['libturbojpeg', () => new PlanesEncoder(), NO_LIBRARY],
] as [name: string, make: () => PictureEncoder, skip: Reason][]) {
  describeUnless(skip, `JPEG files by ${name}`, () => {
    for (const range of ['full', 'limited'] as const) {
      it(`have the colors of the frame, of ${range} range, with gaps in its rows`, async () => {
        const frame = waves(322, 202, range);
        const file = await make().encode(frame, 95, range);
        const off = await difference(file, frame, range);
        assert.ok(off < 2, `${off} off`);
        // The measure tells ranges apart.
        const other = await difference(file, frame, range === 'full' ? 'limited' : 'full');
        assert.ok(other > 3, `${other} off the other range`);
      });
    }

    it('have 4:2:0 chroma, and the tables of the standard', async () => {
      const file = Buffer.from(await make().encode(waves(64, 48, 'full'), 80, 'full'));
      const { chromaSubsampling, format, isProgressive } = await sharp(file).metadata();
      assert.deepEqual([format, chromaSubsampling, isProgressive], ['jpeg', '4:2:0', false]);
      // DC of luma: bits 1 to 16, then its twelve values (ITU-T T.81, K.3.1).
      assert.ok(
        file.includes(Buffer.from('00010501010101010100000000000000000102030405060708090a0b', 'hex')),
      );
    });

    it('have an odd picture without the column and row that fill its frame', async () => {
      for (const picture of [
        { width: 321, height: 201 },
        { width: 321, height: 202 },
        { width: 322, height: 201 },
      ]) {
        const frame = { ...waves(322, 202, 'full'), picture };
        assert.ok((await difference(await make().encode(frame, 95, 'full'), frame, 'full')) < 2);
      }
    });

    it('may change their size and quality from one to the next', async () => {
      const encoder = make();
      const sizes: number[] = [];
      for (const [width, height, quality] of [
        [320, 240, 95],
        [320, 240, 30],
        [2, 2, 80],
        [640, 480, 95],
        [320, 240, 95],
      ] as const) {
        const frame = waves(width, height, 'full');
        const file = await encoder.encode(frame, quality, 'full');
        sizes.push(file.length);
        // Two pixels each way are no wave.
        if (width > 2) assert.ok((await difference(file, frame, 'full')) < 4);
      }
      assert.ok(sizes[1]! < sizes[0]! / 2);
      assert.equal(sizes[4], sizes[0]);
    });

    it('are made at once, of several sizes and of shared memory', async () => {
      const frames = [64, 128, 320, 640, 322].map((width) => {
        const frame = waves(width, 200, 'limited');
        const shared = new Uint8Array(new SharedArrayBuffer(frame.data.length));
        shared.set(frame.data);
        return { ...frame, data: shared };
      });
      const files = await Promise.all(frames.map((frame) => make().encode(frame, 95, 'limited')));
      for (const [i, file] of files.entries())
        assert.ok((await difference(file, frames[i]!, 'limited')) < 2, `frame ${i}`);
    });

    it('are refused of what does not hold what it says, and made then', async () => {
      const encoder = make();
      const frame = nv12Frame(new Uint8Array(64 * 64 * 1.5), { width: 64, height: 64 });
      for (const [wrong, range] of [
        [{ ...frame, data: frame.data.subarray(1) }, 'full'],
        [{ ...frame, width: 63 }, 'full'],
        [{ ...frame, height: 1e9 }, 'full'],
        [{ ...frame, chromaStride: 10 }, 'full'],
        [frame, 'wide'],
        [{ ...frame, picture: { width: 62, height: 64 } }, 'full'],
        [{ ...frame, picture: { width: 64, height: 65 } }, 'full'],
      ] as [Nv12Frame, ColorRange][])
        await assert.rejects(encoder.encode(wrong, 80, range), /^ExpectationError: Expected/);
      assert.ok((await encoder.encode(frame, 80, 'full')).length > 100);
    });
  });
}
