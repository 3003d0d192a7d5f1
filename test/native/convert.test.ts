import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import fc from 'fast-check';
import { COLOR_RANGES } from '../../src/vision/picture/color-range.js';
import { type PackedFormat, type PackedImage } from '../../src/vision/picture/packed-image.js';
import {
  allocateNv12,
  letterboxNv12,
  nv12ToPlanarFloat,
  nv12ToRgb,
  packedToNv12,
  scaleNv12,
} from '../../src/native/convert.js';
import { Letterbox } from '../../src/vision/picture/letterbox.js';
import type { Nv12Frame } from '../../src/vision/picture/nv12-frame.js';
import { noiseFrame, packedBytes, packedFrame, plainFrame, randomBytes } from './frames.js';
import { letterboxed, nv12Of, PIXELS, planarFloatOf, rgbOf } from './reference.js';

const even = (max: number): fc.Arbitrary<number> =>
  fc.integer({ min: 1, max: max / 2 }).map((half) => 2 * half);
const padding = fc.record({ luma: fc.nat(5), chroma: fc.nat(5), gap: fc.nat(7) });
const noise = fc
  .tuple(even(40), even(40), fc.integer(), padding)
  .map(([width, height, seed, pad]) => noiseFrame(width, height, seed, pad));
const range = fc.constantFrom(...COLOR_RANGES);

describe('letterboxNv12', () => {
  const box = (source: Nv12Frame, into: Nv12Frame): Letterbox =>
    new Letterbox(source.width, source.height, into.width, into.height);

  it('gives the bytes of the reference for any sizes, strides and offsets, and writes nothing else', () => {
    fc.assert(
      fc.property(noise, noise, (source, target) => {
        const before = target.data.slice();
        const letterbox = box(source, target);
        letterboxNv12(source, letterbox, target);
        const expected = letterboxed(source, letterbox, target.width, target.height);
        assert.deepEqual(packedBytes(target), expected);

        // What lies around the rows is as it was: put the old pixels back and compare everything.
        const { width, height } = target;
        const old = packedBytes({ ...target, data: before });
        for (let y = 0; y < height; y++) {
          target.data.set(
            old.subarray(y * width, (y + 1) * width),
            target.lumaOffset + y * target.lumaStride,
          );
        }
        for (let y = 0; y < height / 2; y++) {
          const row = old.subarray((height + y) * width, (height + y + 1) * width);
          target.data.set(row, target.chromaOffset + y * target.chromaStride);
        }
        assert.deepEqual(target.data, before);
      }),
      { numRuns: 150 },
    );
  });

  for (const [name, width, height, modelWidth, modelHeight] of [
    ['full HD to 640', 1920, 1080, 640, 640],
    ['a portrait', 90, 320, 64, 64],
    ['2x2 pixels', 2, 2, 64, 32],
    ['a very wide strip', 16384, 2, 64, 64],
    ['a very tall strip', 2, 16384, 64, 64],
    ['sizes without a common factor', 1366, 768, 416, 416],
    ['upscaling', 30, 22, 96, 64],
  ] as const) {
    it(`gives the bytes of the reference for ${name}`, () => {
      const source = noiseFrame(width, height, 7);
      const target = packedFrame(modelWidth, modelHeight);
      const letterbox = box(source, target);
      letterboxNv12(source, letterbox, target);
      assert.deepEqual(target.data, letterboxed(source, letterbox, modelWidth, modelHeight));
    });
  }

  it('copies a frame of the size of the model', () => {
    const source = noiseFrame(64, 32, 3, { luma: 3, chroma: 9 });
    const target = packedFrame(64, 32);
    letterboxNv12(source, box(source, target), target);
    assert.deepEqual(target.data, packedBytes(source));
  });

  it('keeps a uniform color and pads with gray', () => {
    const source = plainFrame(40, 20, 200, 90, 30);
    const target = packedFrame(32, 32);
    letterboxNv12(source, box(source, target), target);
    const expected = plainFrame(32, 32, 114, 128, 128);
    expected.data.fill(200, 8 * 32, 24 * 32);
    for (let at = 32 * 32 + 4 * 32; at < 32 * 32 + 12 * 32; at += 2) expected.data.set([90, 30], at);
    assert.deepEqual(target.data, expected.data);
  });

  it('keeps a ramp in place: centers map to centers', () => {
    // Luma 2x + 20 is linear, so bilinear scaling by 1/2 must read it between pixels 2i and 2i + 1.
    const source = packedFrame(64, 64);
    for (let y = 0; y < 64; y++) for (let x = 0; x < 64; x++) source.data[y * 64 + x] = 2 * x + 20;
    const target = packedFrame(32, 32);
    letterboxNv12(source, box(source, target), target);
    assert.deepEqual(
      [...target.data.subarray(0, 32)],
      Array.from({ length: 32 }, (_, i) => 2 * (2 * i + 0.5) + 20),
    );
  });

  it('refuses a letterbox for other sizes', () => {
    const target = packedFrame(32, 32);
    assert.throws(() => letterboxNv12(packedFrame(8, 8), new Letterbox(8, 6, 32, 32), target), {
      message: 'Expected a letterbox from 8x8 to 32x32 but received one from 8x6 to 32x32.',
    });
  });
});

describe('scaleNv12', () => {
  it('gives the bytes of letterboxNv12, stretched, at their place, and writes nothing else', () => {
    fc.assert(
      fc.property(noise, even(40), even(40), fc.nat(9), (source, width, height, at) => {
        const expected = packedFrame(width, height);
        letterboxNv12(source, new Letterbox(source.width, source.height, width, height, 'stretch'), expected);
        const { length } = expected.data;
        const into = new Uint8Array(new SharedArrayBuffer(at + length + 5)).fill(7);
        scaleNv12(source, { width, height }, into, at);
        assert.deepEqual(into.slice(at, at + length), expected.data);
        into.fill(7, at, at + length);
        assert.ok(into.every((byte) => byte === 7));
      }),
      { numRuns: 100 },
    );
  });

  it('gives the same bytes whatever sizes were scaled before', () => {
    const frames = [64, 96, 100].map((width) => noiseFrame(width, 8, width));
    const sizes = [32, 40, 48, 70, 96].map((width) => ({ width, height: 4 }));
    const pairs = frames.flatMap((frame) => sizes.map((size) => ({ frame, size })));
    const scaled = ({ frame, size }: (typeof pairs)[number]): Uint8Array => {
      const into = new Uint8Array(6 * size.width);
      scaleNv12(frame, size, into, 0);
      return into;
    };
    const expected = pairs.map(({ frame, size: { width, height } }) =>
      letterboxed(frame, new Letterbox(frame.width, frame.height, width, height, 'stretch'), width, height),
    );
    // Each after every other, and more than a thread keeps tables of.
    for (const before of pairs)
      for (const [index, pair] of pairs.entries()) {
        scaled(before);
        assert.deepEqual(scaled(pair), expected[index]);
      }
  });

  it('refuses frames and targets that do not hold what they say', () => {
    const frame = noiseFrame(8, 8);
    const size = { width: 4, height: 4 };
    const into = new Uint8Array(24);
    for (const wrong of [
      { ...frame, data: frame.data.subarray(1) },
      { ...frame, width: 7 },
      { ...frame, chromaOffset: -1 },
      { ...frame, lumaStride: 2 ** 40 },
    ])
      assert.throws(() => scaleNv12(wrong, size, into, 0), /^ExpectationError: Expected/);
    for (const [width, height, target, at] of [
      [4, 4, into, 1],
      [4, 4, into, -1],
      [4, 4, into, 2 ** 32],
      [4, 4, into, NaN],
      [4, 4, new Int8Array(24), 0],
      [4, 6, into, 0],
      [3, 4, into, 0],
      [0, 4, into, 0],
      [4, 32768, into, 0],
      [8, 8, frame.data, 0],
    ] as [number, number, Uint8Array, number][])
      assert.throws(
        () => scaleNv12(frame, { width, height }, target, at),
        /^TypeError: Expected .* but received/,
      );
    assert.ok(into.every((byte) => byte === 0));
  });
});

describe('nv12ToRgb', () => {
  it('gives the bytes of the reference', () => {
    fc.assert(
      fc.property(noise, range, (frame, range) => {
        assert.deepEqual(nv12ToRgb(frame, range), rgbOf(frame, range));
      }),
    );
  });

  // JFIF 1.02 and BT.601: R = Y + 1.402 (V - 128), G = Y - 0.344136 (U - 128) - 0.714136 (V - 128), B = Y + 1.772 (U - 128).
  for (const [range, yuv, rgb] of [
    ['full', [0, 128, 128], [0, 0, 0]],
    ['full', [255, 128, 128], [255, 255, 255]],
    ['full', [114, 128, 128], [114, 114, 114]],
    ['full', [76, 85, 255], [254, 0, 0]],
    ['full', [150, 44, 21], [0, 255, 1]],
    ['full', [29, 255, 107], [0, 0, 254]],
    ['limited', [16, 128, 128], [0, 0, 0]],
    ['limited', [235, 128, 128], [255, 255, 255]],
    ['limited', [81, 90, 240], [254, 0, 0]],
    ['limited', [145, 54, 34], [0, 255, 1]],
    ['limited', [41, 240, 110], [0, 0, 255]],
    ['limited', [0, 128, 128], [0, 0, 0]],
    ['limited', [255, 128, 128], [255, 255, 255]],
  ] as const) {
    it(`${range} Y, U, V ${yuv.join(' ')} is R, G, B ${rgb.join(' ')}`, () => {
      const [y, u, v] = yuv;
      const pixels = nv12ToRgb(plainFrame(4, 4, y, u, v), range);
      for (let at = 0; at < pixels.length; at += 3)
        assert.deepEqual([...pixels.subarray(at, at + 3)], [...rgb]);
    });
  }

  it('is within one step of the formula in floating point for every chroma pair', () => {
    const frame = packedFrame(2, 2);
    for (const y of [0, 60, 128, 255]) {
      for (let u = 0; u < 256; u += 5) {
        for (let v = 0; v < 256; v += 5) {
          frame.data.set([y, y, y, y, u, v]);
          const exact = [
            y + 1.402 * (v - 128),
            y - 0.344136 * (u - 128) - 0.714136 * (v - 128),
            y + 1.772 * (u - 128),
          ].map((value) => Math.max(0, Math.min(255, value)));
          const got = nv12ToRgb(frame, 'full');
          for (let c = 0; c < 3; c++) assert.ok(Math.abs(got[c]! - exact[c]!) <= 0.52, `${y} ${u} ${v}`);
        }
      }
    }
  });

  it('writes into a given buffer', () => {
    const into = new Uint8Array(3 * 4 * 4);
    assert.equal(nv12ToRgb(plainFrame(4, 4, 9, 128, 128), 'full', into), into);
    assert.deepEqual(into, new Uint8Array(48).fill(9));
    assert.throws(() => nv12ToRgb(plainFrame(4, 4, 9, 128, 128), 'full', new Uint8Array(47)), {
      message: 'Expected 48 elements in the target but received 47 elements.',
    });
  });
});

describe('nv12ToPlanarFloat', () => {
  it('gives the floats of the reference: the RGB bytes over 255, plane by plane', () => {
    fc.assert(
      fc.property(noise, range, (frame, range) => {
        const planes = new Float32Array(3 * frame.width * frame.height).fill(NaN);
        nv12ToPlanarFloat(frame, range, planes);
        assert.deepEqual(planes, planarFloatOf(frame, range));
      }),
    );
  });

  it('reaches 0 and 1 exactly', () => {
    const planes = new Float32Array(3 * 4);
    nv12ToPlanarFloat(plainFrame(2, 2, 255, 128, 128), 'full', planes);
    assert.deepEqual(planes, new Float32Array(12).fill(1));
    nv12ToPlanarFloat(plainFrame(2, 2, 16, 128, 128), 'limited', planes);
    assert.deepEqual(planes, new Float32Array(12));
  });

  it('refuses a target of another length or kind', () => {
    const frame = plainFrame(2, 2, 0, 0, 0);
    assert.throws(() => nv12ToPlanarFloat(frame, 'full', new Float32Array(13)), /Expected 12 elements/);
    assert.throws(
      () => nv12ToPlanarFloat(frame, 'full', new Float64Array(12) as unknown as Float32Array),
      /Expected a Float32Array for the target/,
    );
  });
});

describe('packedToNv12', () => {
  const image = fc
    .tuple(
      fc.integer({ min: 1, max: 30 }),
      fc.integer({ min: 1, max: 30 }),
      fc.constantFrom(...(Object.keys(PIXELS) as PackedFormat[])),
      fc.nat(5),
      fc.nat(5),
      fc.integer(),
    )
    .map(([anyWidth, height, format, pad, offset, seed]): PackedImage => {
      const width = format === 'yuyv' || format === 'uyvy' ? 2 * anyWidth : anyWidth;
      const step = width * PIXELS[format].bytes + pad;
      return { width, height, format, step, offset, data: randomBytes(offset + step * height, seed) };
    });

  it('gives the bytes of the reference for any size, step and offset', () => {
    fc.assert(
      fc.property(image, range, (image, range) => {
        const { data, picture } = packedToNv12(image, range);
        assert.deepEqual(data, nv12Of(image, range));
        const { width, height } = image;
        assert.deepEqual(picture, width % 2 || height % 2 ? { width, height } : undefined);
      }),
    );
  });

  const plain = (rgb: readonly number[], format: PackedFormat = 'rgb8'): PackedImage => ({
    width: 2,
    height: 2,
    format,
    data: Uint8Array.from({ length: 12 }, (_, i) => rgb[i % 3]!),
  });

  for (const [range, rgb, yuv] of [
    ['full', [0, 0, 0], [0, 128, 128]],
    ['full', [255, 255, 255], [255, 128, 128]],
    ['full', [255, 0, 0], [76, 85, 255]],
    ['full', [0, 255, 0], [150, 44, 21]],
    ['full', [0, 0, 255], [29, 255, 107]],
    ['limited', [0, 0, 0], [16, 128, 128]],
    ['limited', [255, 255, 255], [235, 128, 128]],
    ['limited', [255, 0, 0], [81, 90, 240]],
    ['limited', [0, 255, 0], [145, 54, 34]],
    ['limited', [0, 0, 255], [41, 240, 110]],
  ] as const) {
    it(`R, G, B ${rgb.join(' ')} is ${range} Y, U, V ${yuv.join(' ')}`, () => {
      const [y, u, v] = yuv;
      const expected = Uint8Array.of(y, y, y, y, u, v);
      assert.deepEqual(packedToNv12(plain(rgb), range).data, expected);
      assert.deepEqual(packedToNv12(plain(rgb.toReversed(), 'bgr8'), range).data, expected);
    });
  }

  it('keeps every gray, from mono8 and from rgb8', () => {
    const data = Uint8Array.from({ length: 512 }, (_, i) => i & 255);
    const mono = packedToNv12({ width: 256, height: 2, format: 'mono8', data });
    assert.deepEqual(mono.data.subarray(0, 512), data);
    assert.ok(mono.data.subarray(512).every((chroma) => chroma === 128));
    const rgb = Uint8Array.from({ length: 1536 }, (_, i) => Math.floor(i / 3) & 255);
    assert.deepEqual(packedToNv12({ width: 256, height: 2, format: 'rgb8', data: rgb }), mono);
  });

  it('is inverted within 2 steps in full range and 3 in limited range for 2x2 blocks of one color', () => {
    const color = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255));
    for (const [range, bound] of [
      ['full', 2],
      ['limited', 3],
    ] as const) {
      fc.assert(
        fc.property(color, (rgb) => {
          const back = nv12ToRgb(packedToNv12(plain(rgb), range), range);
          for (let i = 0; i < 12; i++) {
            assert.ok(Math.abs(back[i]! - rgb[i % 3]!) <= bound, `${rgb.join()} came back as ${back.join()}`);
          }
        }),
        { numRuns: 2000 },
      );
    }
  });

  it('respects the step of an odd picture', () => {
    const data = randomBytes(7 * 5 * 3, 5);
    const cropped = packedToNv12({ width: 6, height: 4, format: 'rgb8', step: 21, data });
    assert.deepEqual(cropped.data, nv12Of({ width: 6, height: 4, format: 'rgb8', step: 21, data }, 'full'));
  });

  it('writes into a given frame', () => {
    const into = noiseFrame(2, 2, 1, { luma: 2, chroma: 4, gap: 1 });
    assert.equal(packedToNv12(plain([255, 0, 0]), 'full', into), into);
    assert.deepEqual(packedBytes(into), Uint8Array.of(76, 76, 76, 76, 85, 255));
    assert.throws(() => packedToNv12(plain([0, 0, 0]), 'full', packedFrame(2, 4)), {
      message: 'Expected a target of 2x2 but received 2x4.',
    });
  });

  for (const [name, change, message] of [
    ['no height', { height: 0 }, /^Expected an integer from 1 to 16384 for the height of the rgb8 picture/],
    [
      'an odd width that shares chroma',
      { width: 3, format: 'yuyv' },
      /^Expected an even width for the yuyv picture but received 3\. Pixels share/,
    ],
    ['a white of 0', { white: 0 }, /Expected an integer from 1 to 65535 for the value of white/],
    ['a width of NaN', { width: NaN }, /the width of the rgb8 picture but received NaN/],
    ['a huge height', { height: 1e9 }, /for the height of the rgb8 picture but received 1000000000/],
    [
      'an unknown format',
      { format: 'yuv9' },
      /Expected one of rgb8, bgr8, rgba8, bgra8, mono8, mono16, yuyv, uyvy for the pixel format but received yuv9/,
    ],
    ['a short step', { step: 5 }, /Expected an integer from 6 to .* for the step but received 5/],
    [
      'truncated data',
      { data: new Uint8Array(11) },
      /Expected at least 12 bytes for a 2x2 rgb8 picture .* 11 bytes/,
    ],
    ['an offset beyond the data', { offset: 1 }, /Expected at least 13 bytes/],
    ['another array', { data: new Uint16Array(12) }, /Expected a Uint8Array for a 2x2 rgb8 picture/],
  ] as const) {
    it(`refuses ${name}`, () => {
      const image = { ...plain([1, 2, 3]), ...change } as PackedImage;
      assert.throws(() => packedToNv12(image), { name: 'ExpectationError', message });
    });
  }

  it('refuses an unknown range', () => {
    assert.throws(() => packedToNv12(plain([1, 2, 3]), 'pc' as 'full'), {
      message: 'Expected one of full, limited for the color range but received pc.',
    });
  });
});

describe('an NV12 frame with an inconsistent description', () => {
  const good = packedFrame(4, 4);
  for (const [name, change, message] of [
    ['an odd width', { width: 3 }, /an even width for the frame but received 3/],
    ['a zero height', { height: 0 }, /for the height of the frame but received 0/],
    ['a luma stride below the width', { lumaStride: 3 }, /from 4 to .* for the luma stride of the frame/],
    [
      'a fractional chroma stride',
      { chromaStride: 4.5 },
      /for the chroma stride of the frame but received 4.5/,
    ],
    ['a negative offset', { lumaOffset: -1 }, /for the luma offset of the frame but received -1/],
    [
      'a chroma plane beyond the data',
      { chromaOffset: 17 },
      /at least 25 bytes for the frame, NV12 of 4x4, but/,
    ],
    [
      'a luma plane beyond the data',
      { lumaStride: 8 },
      /at least 28 bytes for the frame, NV12 of 4x4, but received 24/,
    ],
    ['no data', { data: undefined }, /Expected a Uint8Array for the frame/],
  ] as const) {
    it(`is refused: ${name}`, () => {
      const frame = { ...good, ...change } as Nv12Frame;
      assert.throws(() => nv12ToRgb(frame), { name: 'ExpectationError', message });
    });
  }

  it('allocateNv12 makes a packed frame and refuses odd sizes', () => {
    assert.deepEqual(allocateNv12(4, 2), packedFrame(4, 2));
    assert.throws(() => allocateNv12(4, 3), /an even height for the NV12 frame but received 3/);
  });
});
