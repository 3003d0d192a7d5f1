import { ExpectationError, expectInteger, expectOneOf } from '../base/expect.js';
import { addon } from './addon.js';
import type { NativePackedImage } from './nv12.js';
import { BYTES_PER_PIXEL, type PackedImage } from '../vision/picture/packed-image.js';
import { COLOR_RANGES, DEFAULT_COLOR_RANGE, type ColorRange } from '../vision/picture/color-range.js';
import type { Letterbox } from '../vision/picture/letterbox.js';
import { frameSize, MAX_DIMENSION, nv12Size, type Nv12Frame } from '../vision/picture/nv12-frame.js';
import type { PictureSize } from '../vision/picture/picture-size.js';

/** A new packed NV12 frame, all zeros (dark green), to be written to. */
export function allocateNv12(width: number, height: number): Nv12Frame {
  expectEvenSize('the NV12 frame', width, height);
  const data = new Uint8Array(nv12Size(width, height));
  return {
    width,
    height,
    data,
    lumaStride: width,
    chromaStride: width,
    lumaOffset: 0,
    chromaOffset: width * height,
  };
}

/**
 * Converts packed pixels to NV12, BT.601. A chroma pair is the average of its 2x2 block (center sited). For yuyv and
 * uyvy, whose range is kept, it is the average of two rows.
 *
 * NV12 sizes are even: the last column or row of an odd picture is repeated, and the frame's `picture` has the true
 * size.
 *
 * @param range of the result
 * @param into frame to write to, with the size from frameSize(), so that a video needs only one; default: a new frame
 * @returns the frame written to
 * @throws ExpectationError for sizes that are too large, unknown formats and too little data
 */
export function packedToNv12(
  image: PackedImage,
  range: ColorRange = DEFAULT_COLOR_RANGE,
  into?: Nv12Frame,
): Nv12Frame {
  const { data, width, height, format } = image;
  expectOneOf('the pixel format', format, Object.keys(BYTES_PER_PIXEL));
  if (format === 'yuyv' || format === 'uyvy') expectEven(`the ${format} picture`, 'width', width);
  expectInteger(`the width of the ${format} picture`, width, 1, MAX_DIMENSION);
  expectInteger(`the height of the ${format} picture`, height, 1, MAX_DIMENSION);
  const row = width * BYTES_PER_PIXEL[format];
  const step = expectInteger(
    'the step',
    image.step ?? row,
    row,
    2 ** 30,
    'Rows may be padded, never shorter.',
  );
  const offset = expectInteger('the offset', image.offset ?? 0, 0, Number.MAX_SAFE_INTEGER);
  const white = expectInteger('the value of white', image.white ?? 65535, 1, 65535);
  expectBytes(`a ${width}x${height} ${format} picture`, data, offset + step * (height - 1) + row);
  expectRange(range);
  const size = frameSize(image);
  const target = into ?? allocateNv12(size.width, size.height);
  expectNv12Frame('the target', target);
  if (target.width !== size.width || target.height !== size.height) {
    throw new ExpectationError(
      `a target of ${size.width}x${size.height}`,
      `${target.width}x${target.height}`,
    );
  }
  const bigEndian = image.bigEndian ?? false;
  const source: NativePackedImage = { data, width, height, format, step, offset, white, bigEndian };
  addon().packedToNv12(source, range, target);
  return withPicture(target, { width, height });
}

/** The frame with a `picture`, if the picture is smaller; else the frame itself. */
export function withPicture(frame: Nv12Frame, { width, height }: PictureSize): Nv12Frame {
  return frame.width === width && frame.height === height ? frame : { ...frame, picture: { width, height } };
}

/**
 * Converts a frame to packed R, G, B bytes, BT.601. The pixels of a 2x2 block share its chroma.
 *
 * @param range of the frame
 * @param into array of 3 * width * height bytes to write to; default: a new one
 * @returns the array written to
 */
export function nv12ToRgb(
  frame: Nv12Frame,
  range: ColorRange = DEFAULT_COLOR_RANGE,
  into?: Uint8Array,
): Uint8Array {
  expectNv12Frame('the frame', frame);
  expectRange(range);
  const length = 3 * frame.width * frame.height;
  const target = into ?? new Uint8Array(length);
  expectLength('the target', target, Uint8Array, length);
  addon().nv12ToRgb8(frame, range, target);
  return target;
}

/**
 * Converts a frame to a network's input: three planes R, G, B of floats from 0 to 1 ([3, height, width]). Each is the
 * 8-bit value of nv12ToRgb() times 1/255, as seen by a network trained on pictures.
 */
export function nv12ToPlanarFloat(frame: Nv12Frame, range: ColorRange, into: Float32Array): void {
  expectNv12Frame('the frame', frame);
  expectRange(range);
  expectLength('the target', into, Float32Array, 3 * frame.width * frame.height);
  addon().nv12ToPlanarFloat(frame, range, into);
}

/**
 * Letterboxes a frame into a model's input, synchronously on this thread. Engines do it on other threads.
 *
 * @param letterbox made for the sizes of `frame` and `into`
 */
export function letterboxNv12(frame: Nv12Frame, letterbox: Letterbox, into: Nv12Frame): void {
  expectNv12Frame('the frame', frame);
  expectNv12Frame('the target', into);
  const { sourceWidth, sourceHeight, modelWidth, modelHeight } = letterbox;
  const sizes = `${frame.width}x${frame.height} to ${into.width}x${into.height}`;
  if (`${sourceWidth}x${sourceHeight} to ${modelWidth}x${modelHeight}` !== sizes) {
    throw new ExpectationError(
      `a letterbox from ${sizes}`,
      `one from ${sourceWidth}x${sourceHeight} to ${modelWidth}x${modelHeight}`,
    );
  }
  addon().letterbox(frame, letterbox, into);
}

/**
 * Scales a frame to another size (bilinear), or copies it if it has that size, to packed NV12. Takes fewer steps than letterboxNv12(),
 * for threads that do it for each frame.
 *
 *     scaleNv12(frame, { width: 960, height: 540 }, memory, 64);
 *
 * @param size even
 * @param into its bytes from `at` on are written; may be shared memory, but not that of the frame
 * @throws ExpectationError for a frame that does not hold what it says; TypeError for a wrong target
 */
export function scaleNv12(frame: Nv12Frame, size: PictureSize, into: Uint8Array, at: number): void {
  expectNv12Frame('the frame', frame);
  const { data, width, height, lumaOffset, lumaStride, chromaOffset, chromaStride } = frame;
  const planes = [data, width, height, lumaOffset, lumaStride, chromaOffset, chromaStride] as const;
  addon().scaleNv12(...planes, into, at, size.width, size.height);
}

/** @throws ExpectationError unless the planes of `frame` have even sizes and lie within its data. */
export function expectNv12Frame(name: string, frame: Nv12Frame): void {
  const { width, height, data, lumaStride, chromaStride, lumaOffset, chromaOffset } = frame;
  expectEvenSize(name, width, height);
  expectInteger(`the luma stride of ${name}`, lumaStride, width, 2 ** 30);
  expectInteger(`the chroma stride of ${name}`, chromaStride, width, 2 ** 30);
  expectInteger(`the luma offset of ${name}`, lumaOffset, 0, Number.MAX_SAFE_INTEGER);
  expectInteger(`the chroma offset of ${name}`, chromaOffset, 0, Number.MAX_SAFE_INTEGER);
  const lumaEnd = lumaOffset + lumaStride * (height - 1) + width;
  const chromaEnd = chromaOffset + chromaStride * (height / 2 - 1) + width;
  expectBytes(`${name}, NV12 of ${width}x${height},`, data, Math.max(lumaEnd, chromaEnd));
}

/** @throws ExpectationError unless the picture of a frame, if it has one, fills it but for an odd column and row */
export function expectPicture(name: string, { width, height, picture }: Nv12Frame): void {
  if (!picture) return;
  expectInteger(`the width of the picture of ${name}`, picture.width, width - 1, width);
  expectInteger(`the height of the picture of ${name}`, picture.height, height - 1, height);
}

function expectEvenSize(name: string, width: number, height: number): void {
  for (const [axis, size] of [
    ['width', width],
    ['height', height],
  ] as const) {
    expectInteger(`the ${axis} of ${name}`, size, 2, MAX_DIMENSION);
    expectEven(name, axis, size);
  }
}

function expectEven(name: string, axis: string, size: number): void {
  if (size % 2 === 0) return;
  throw new ExpectationError(
    `an even ${axis} for ${name}`,
    size,
    'Pixels share their chroma. Crop or scale the picture to an even size.',
  );
}

/** @throws ExpectationError unless it is 'full' or 'limited' */
export function expectRange(range: ColorRange): void {
  expectOneOf('the color range', range, COLOR_RANGES);
}

function expectBytes(name: string, data: Uint8Array, needed: number): void {
  if (!(data instanceof Uint8Array)) throw new ExpectationError(`a Uint8Array for ${name}`, typeof data);
  if (data.length < needed) {
    throw new ExpectationError(
      `at least ${needed} bytes for ${name}`,
      `${data.length} bytes`,
      'Check width, height, step and encoding.',
    );
  }
}

function expectLength<T extends Uint8Array | Float32Array>(
  name: string,
  array: T,
  type: new (length: number) => T,
  length: number,
): void {
  if (!(array instanceof type)) throw new ExpectationError(`a ${type.name} for ${name}`, typeof array);
  if (array.length !== length) {
    throw new ExpectationError(`${length} elements in ${name}`, `${array.length} elements`);
  }
}
