import { ExpectationError, expectInteger, expectOneOf } from '../expect.js';
import { addon, type NativePackedImage } from '../native/addon.js';
import { COLOR_RANGES, DEFAULT_COLOR_RANGE, type ColorRange } from './color.js';
import type { Letterbox } from './letterbox.js';
import { MAX_DIMENSION, nv12Size, type Nv12Frame } from './nv12-frame.js';

/** Interleaved 8-bit pixels, by their ROS names (sensor_msgs/image_encodings). */
export type PackedFormat = 'rgb8' | 'bgr8' | 'mono8';

const CHANNELS: Readonly<Record<PackedFormat, number>> = { rgb8: 3, bgr8: 3, mono8: 1 };

/** A picture of interleaved pixels as a view on somebody's bytes. Width and height are even. */
export interface PackedImage {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly format: PackedFormat;
  /** Bytes from one row to the next; packed rows where absent. */
  readonly step?: number;
  /** Offset in `data` of the first pixel; 0 where absent. */
  readonly offset?: number;
}

/** An NV12 frame of its own, packed, all zero (a dark green: it is meant to be written to). */
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
 * Converts interleaved pixels to NV12, BT.601; a chroma pair is the average of its 2x2 block (centre sited).
 *
 * @param image rgb8, bgr8 or mono8 of even size. NV12 has no odd sizes: crop by passing the size less one, with
 *   `step` as it was; nothing is copied for that.
 * @param range of the result
 * @param into written to when given, so that a video needs one frame only; else a new frame
 * @returns the frame written to
 * @throws ExpectationError for odd or huge sizes, unknown formats and data that is too short
 */
export function packedToNv12(
  image: PackedImage,
  range: ColorRange = DEFAULT_COLOR_RANGE,
  into?: Nv12Frame,
): Nv12Frame {
  const { data, width, height, format } = image;
  expectOneOf('the pixel format', format, Object.keys(CHANNELS));
  expectEvenSize(`the ${format} picture`, width, height);
  const row = width * CHANNELS[format];
  const step = expectInteger(
    'the step',
    image.step ?? row,
    row,
    2 ** 30,
    'Rows may be padded, never shorter.',
  );
  const offset = expectInteger('the offset', image.offset ?? 0, 0, Number.MAX_SAFE_INTEGER);
  expectBytes(`a ${width}x${height} ${format} picture`, data, offset + step * (height - 1) + row);
  expectRange(range);
  const target = into ?? allocateNv12(width, height);
  expectNv12Frame('the target', target);
  if (target.width !== width || target.height !== height) {
    throw new ExpectationError(`a target of ${width}x${height}`, `${target.width}x${target.height}`);
  }
  const source: NativePackedImage = { data, width, height, format, step, offset };
  addon().packedToNv12(source, range, target);
  return target;
}

/**
 * Converts a frame to packed R, G, B bytes, BT.601; the pixels of a 2x2 block share its chroma.
 *
 * @param range of the frame
 * @param into 3 * width * height bytes, written to when given; else new bytes
 * @returns the bytes written to
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
 * Converts a frame to a network's input: three planes, R, G, B, of floats from 0 to 1 ([3, height, width]).
 * Each is an 8-bit value times 1/255: the bytes of nv12ToRgb(), as a network trained on pictures saw them.
 */
export function nv12ToPlanarFloat(frame: Nv12Frame, range: ColorRange, into: Float32Array): void {
  expectNv12Frame('the frame', frame);
  expectRange(range);
  expectLength('the target', into, Float32Array, 3 * frame.width * frame.height);
  addon().nv12ToPlanarFloat(frame, range, into);
}

/**
 * Letterboxes a frame into a model's input, at once and on this thread. Engines do it on another one.
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

function expectEvenSize(name: string, width: number, height: number): void {
  for (const [axis, size] of [
    ['width', width],
    ['height', height],
  ] as const) {
    expectInteger(`the ${axis} of ${name}`, size, 2, MAX_DIMENSION);
    if (size % 2 !== 0) {
      throw new ExpectationError(
        `an even ${axis} for ${name}`,
        size,
        'NV12 has one chroma pair for each 2x2 pixels. Crop or scale the picture to an even size.',
      );
    }
  }
}

function expectRange(range: ColorRange): void {
  expectOneOf('the colour range', range, COLOR_RANGES);
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
