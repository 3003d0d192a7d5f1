import type { ColorRange } from '../vision/picture/color-range.js';
import type { Nv12Frame } from '../vision/picture/nv12-frame.js';
import type { PackedImage } from '../vision/picture/packed-image.js';

/** The rectangle of a scaled picture within the model's input; even numbers. A Letterbox is one. */
export interface Content {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** A packed image with all optional properties set. */
export type NativePackedImage = Required<PackedImage>;

/** A frame as the arguments of functions that are called for each frame: properties of an object take several times as long to read. */
export type NativePlanes = [
  data: Uint8Array,
  width: number,
  height: number,
  lumaOffset: number,
  lumaStride: number,
  chromaOffset: number,
  chromaStride: number,
];

/** The addon's functions for pictures (native/nv12). Every instruction set gives identical bytes. */
export interface Nv12Addon {
  /** Scales `source` to `content` within `target` (bilinear) and pads the rest with gray. */
  letterbox(source: Nv12Frame, content: Content, target: Nv12Frame): void;

  /** Scales a frame to packed NV12 of another size, or copies it, into `target` from byte `at` on. The arguments are checked. */
  scaleNv12(
    ...rest: [...frame: NativePlanes, target: Uint8Array, at: number, width: number, height: number]
  ): void;

  /** NV12 to three planes of floats from 0 to 1: R, G, B. `target` has 3 * width * height elements. */
  nv12ToPlanarFloat(source: Nv12Frame, range: ColorRange, target: Float32Array): void;

  /** NV12 to R, G, B bytes. `target` has 3 * width * height elements. */
  nv12ToRgb8(source: Nv12Frame, range: ColorRange, target: Uint8Array): void;

  /** To NV12 of the same size, rounded up to even numbers. */
  packedToNv12(source: NativePackedImage, range: ColorRange, target: Nv12Frame): void;

  /**
   * letterbox() into `model`, then nv12ToPlanarFloat() of that into `planes`, on libuv's thread pool. Do not touch the
   * arrays until the promise settles. Resizable buffers are rejected at once; a buffer that is transferred in the
   * meantime rejects the promise.
   *
   * @returns the duration of the work in milliseconds, without the wait for a thread
   */
  preprocess(
    source: Nv12Frame,
    content: Content,
    model: Nv12Frame,
    range: ColorRange,
    planes: Float32Array,
  ): Promise<number>;

  /**
   * The kernels that the functions above use, and all that run on this machine, fastest first (avx2, ssse3; neon;
   * portable). All give identical bytes. The environment variable TROS_YOLO_SEG_SIMD selects others, and so does `use`,
   * for tests and benchmarks.
   */
  pixelKernels(use?: string): { readonly chosen: string; readonly usable: readonly string[] };
}
