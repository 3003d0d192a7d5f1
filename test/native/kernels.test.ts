import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { ColorRange } from '../../src/vision/picture/color-range.js';
import { Letterbox } from '../../src/vision/picture/letterbox.js';
import type { Nv12Frame } from '../../src/vision/picture/nv12-frame.js';
import { type Content } from '../../src/native/nv12.js';
import { addon } from '../../src/native/addon.js';
import { noiseFrame, packedFrame, randomBytes } from './frames.js';
import type { PackedFormat } from '../../src/vision/picture/packed-image.js';
import { letterboxed, nv12Of, nv12OfPlanes, PIXELS, planarFloatOf, rgbOf } from './reference.js';

/**
 * Every kernel that runs on this machine gives the bytes of the portable one, and of the reference in TypeScript.
 *
 * Frames end with their last pixel, and their first one lies at any alignment: an address sanitizer sees every byte read
 * or written outside (scripts/asan.sh).
 */

const FORMATS = Object.keys(PIXELS) as PackedFormat[];
const { chosen, usable } = addon().pixelKernels();

/** Runs `make` with each kernel and expects the bytes of the first from all. */
function expectSame<T extends Uint8Array | Float32Array>(what: string, make: () => T, expected?: T): void {
  let first = expected;
  try {
    for (const name of usable.toReversed()) {
      addon().pixelKernels(name);
      const made = make();
      first ??= made;
      // Buffers: floats are compared by their bits, and in one go.
      const same = bytesOf(made).equals(bytesOf(first));
      if (!same) assert.fail(`${what} by ${name}: ${firstDifference(made, first)}`);
    }
  } finally {
    addon().pixelKernels(chosen);
  }
}

function bytesOf(array: Uint8Array | Float32Array): Buffer {
  return Buffer.from(array.buffer, array.byteOffset, array.byteLength);
}

function firstDifference(a: Uint8Array | Float32Array, b: Uint8Array | Float32Array): string {
  const at = a.findIndex((value, i) => !Object.is(value, b[i]));
  return `element ${at} is ${a[at]}, not ${b[at]}`;
}

/** A frame in memory of its own that ends with the last pixel of the chroma plane. */
function tightFrame(width: number, height: number, seed: number, gap: number): Nv12Frame {
  const frame = noiseFrame(width, height, seed, { gap, luma: gap % 5, chroma: gap % 7 });
  const end = frame.chromaOffset + frame.chromaStride * (height / 2 - 1) + width;
  return { ...frame, data: frame.data.slice(0, end) };
}

function letterbox(source: Nv12Frame, content: Content, target: Nv12Frame): Uint8Array {
  target.data.fill(0);
  addon().letterbox(source, content, target);
  return target.data.slice();
}

/** Whole numbers from 1 to `limit`, the same in every run. */
function numbers(seed: number): (limit: number) => number {
  let at = 0;
  const bytes = randomBytes(1 << 16, seed);
  return (limit) => 1 + (((bytes[at++ & 0xffff]! << 8) | bytes[at++ & 0xffff]!) % limit);
}

describe('kernels of the scaler', () => {
  it('fit the processor, and can be chosen', () => {
    assert.equal(usable.at(-1), 'portable');
    assert.deepEqual(addon().pixelKernels('portable'), { chosen: 'portable', usable });
    if (process.arch === 'arm64') assert.deepEqual(usable, ['neon', 'portable']);
    for (const name of ['mmx', '', 7, null]) {
      assert.throws(() => addon().pixelKernels(name as string), {
        name: 'TypeError',
        message: /kernels that run here/,
      });
    }
    assert.equal(addon().pixelKernels().chosen, 'portable');
  });

  it('give the bytes of the reference for every ratio of small widths', () => {
    for (let width = 2; width <= 72; width += 2) {
      const source = tightFrame(width, 4, width, width % 6);
      for (let scaled = 2; scaled <= 72; scaled += 2) {
        const content = { left: 0, top: 0, width: scaled, height: 6 };
        const target = packedFrame(scaled, 6);
        const expected = letterboxed(source, content, scaled, 6);
        expectSame(`${width} to ${scaled}`, () => letterbox(source, content, target), expected);
      }
    }
  });

  it('give the bytes of the portable kernels for any sizes, strides, offsets and borders', () => {
    const next = numbers(1);
    for (let i = 0; i < 600; i++) {
      const source = tightFrame(2 * next(i % 9 === 0 ? 700 : 90), 2 * next(30), i, next(9) - 1);
      const gaps = { luma: next(5) - 1, chroma: next(5) - 1, gap: next(5) - 1 };
      const target = noiseFrame(2 * next(100), 2 * next(40), i, gaps);
      const width = 2 * next(target.width / 2);
      const height = 2 * next(target.height / 2);
      const content = {
        left: 2 * (next((target.width - width) / 2 + 1) - 1),
        top: 2 * (next((target.height - height) / 2 + 1) - 1),
        width,
        height,
      };
      const sizes = `${source.width}x${source.height} to ${JSON.stringify(content)} of ${target.width}x${target.height}`;
      expectSame(sizes, () => letterbox(source, content, target));
    }
  });

  for (const [width, height, modelWidth, modelHeight] of [
    [640, 480, 640, 640],
    [960, 544, 640, 640],
    [1280, 720, 640, 640],
    [1600, 900, 640, 640],
    [1920, 1080, 640, 640],
    [1366, 768, 416, 416],
    [3840, 2160, 640, 640],
    [5600, 64, 640, 640],
    [9000, 64, 640, 640],
    [320, 240, 1280, 1280],
    [16384, 2, 64, 64],
    [2, 16384, 64, 64],
    [16384, 2, 16382, 4],
    [2, 2, 16384, 16],
  ] as const) {
    it(`give the bytes of the portable kernels for ${width}x${height} to ${modelWidth}x${modelHeight}`, () => {
      const source = tightFrame(width, height, 3, 1);
      const target = packedFrame(modelWidth, modelHeight);
      const box = new Letterbox(width, height, modelWidth, modelHeight);
      expectSame('the picture', () => letterbox(source, box, target));
    });
  }

  it('keep black and white', () => {
    for (const value of [0, 255]) {
      const source = packedFrame(62, 34);
      source.data.fill(value);
      const target = packedFrame(40, 24);
      const content = { left: 0, top: 0, width: 40, height: 24 };
      expectSame(`${value}`, () => letterbox(source, content, target), new Uint8Array(40 * 36).fill(value));
    }
  });
});

describe('kernels of color conversion', () => {
  const ranges: readonly ColorRange[] = ['full', 'limited'];

  it('give the bytes of the reference for every width and range', () => {
    for (let width = 2; width <= 132; width += 2) {
      for (const range of ranges) {
        const frame = tightFrame(width, 4, width, width % 7);
        const rgb = new Uint8Array(3 * width * 4);
        const planes = new Float32Array(3 * width * 4);
        const toRgb = (): Uint8Array => (addon().nv12ToRgb8(frame, range, rgb.fill(1)), rgb.slice());
        const toFloats = (): Float32Array => (
          addon().nv12ToPlanarFloat(frame, range, planes.fill(NaN)),
          planes.slice()
        );
        expectSame(`${width} to RGB`, toRgb, rgbOf(frame, range));
        expectSame(`${width} to floats`, toFloats, planarFloatOf(frame, range));
        for (const format of FORMATS) {
          const offset = width % 3;
          const row = width * PIXELS[format].bytes;
          const step = row + (width % 5);
          const data = randomBytes(offset + 3 * step + row, width);
          const white = 1 + ((width * 997) % 65535);
          const bigEndian = width % 4 === 0;
          const image = { data, width, height: 4, format, step, offset, white, bigEndian };
          const target = packedFrame(width, 4);
          const toNv12 = (): Uint8Array => (
            target.data.fill(1),
            addon().packedToNv12(image, range, target),
            target.data.slice()
          );
          expectSame(`${width} of ${format}`, toNv12, nv12Of(image, range));
        }
      }
    }
  });

  it('give the bytes of the reference for odd sizes', () => {
    for (let width = 1; width <= 69; width++) {
      for (const format of FORMATS) {
        if (width % 2 !== 0 && (format === 'yuyv' || format === 'uyvy')) continue;
        const height = 1 + (width % 4);
        const step = width * PIXELS[format].bytes + (width % 3);
        const data = randomBytes((height - 1) * step + width * PIXELS[format].bytes, width);
        const image = { data, width, height, format, step, offset: 0, white: 4095, bigEndian: false };
        const target = packedFrame(width + (width % 2), height + (height % 2));
        for (const range of ranges) {
          expectSame(
            `${width}x${height} ${format} ${range}`,
            () => (addon().packedToNv12(image, range, target), target.data.slice()),
            nv12Of(image, range),
          );
        }
      }
    }
  });

  it('swap the chroma of nv21 for every width', () => {
    for (let width = 2; width <= 132; width += 2) {
      const frame = tightFrame(width, 4, width, 0);
      const image = { ...{ width, height: 4, step: frame.lumaStride, encoding: 'nv21' }, data: frame.data };
      const reading = { step: frame.lumaStride, rows: 0, white: 1 };
      const chromaOffset = 4 * frame.lumaStride;
      const pair = (x: number, y: number, c: number): number =>
        frame.data[chromaOffset + y * frame.lumaStride + 2 * x + 1 - c]!;
      const target = packedFrame(width, 4);
      if (chromaOffset + frame.lumaStride + width > frame.data.length) continue;
      expectSame(
        `${width}`,
        () => (addon().imageToNv12(image, reading, target), target.data.slice()),
        nv12OfPlanes(width, 4, (x, y) => frame.data[y * frame.lumaStride + x]!, pair),
      );
    }
  });

  it('scale every 16-bit gray for any white', () => {
    const data = new Uint8Array(Uint16Array.from({ length: 65536 }, (_, i) => i).buffer);
    for (const white of [1, 2, 3, 255, 256, 1023, 4095, 10_000, 43_691, 65_534, 65_535]) {
      const image = { data, width: 256, height: 256, format: 'mono16', step: 512, offset: 0 } as const;
      const whole = { ...image, white, bigEndian: false };
      const target = packedFrame(256, 256);
      addon().packedToNv12(whole, 'full', target);
      assert.deepEqual(target.data, nv12Of(whole, 'full'), `${white}`);
    }
  });

  it('agree for every combination of chroma and luma', () => {
    // A 2x2 block for each of the 65536 pairs; its four pixels have four lumas.
    const size = 512;
    const frame = packedFrame(size, size);
    const rgb = new Uint8Array(3 * size * size);
    for (let i = 0; i < 65536; i++) frame.data.set([i & 255, i >> 8], size * size + 2 * i);
    for (const range of ranges) {
      for (let luma = 0; luma < 256; luma += 4) {
        for (let y = 0; y < size; y++) {
          for (let x = 0; x < size; x++) frame.data[y * size + x] = luma + (x & 1) + 2 * (y & 1);
        }
        expectSame(`${range} ${luma}`, () => (addon().nv12ToRgb8(frame, range, rgb), rgb.slice()));
      }
    }
  });

  it('agree for the corners of the color cube, where sums are largest', () => {
    const data = Uint8Array.from({ length: 3 * 64 * 64 }, (_, i) => {
      const [pixel, channel] = [Math.floor(i / 3), i % 3];
      const block = (pixel >> 1) % 32;
      return ((block >> channel) & 1) * 255;
    });
    for (const format of ['rgb8', 'bgr8'] as const) {
      for (const range of ranges) {
        const image = {
          data,
          width: 64,
          height: 64,
          format,
          step: 192,
          offset: 0,
          white: 1,
          bigEndian: false,
        };
        const target = packedFrame(64, 64);
        expectSame(
          `${format} ${range}`,
          () => (addon().packedToNv12(image, range, target), target.data.slice()),
          nv12Of(image, range),
        );
      }
    }
  });
});
