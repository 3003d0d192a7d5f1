import { createRequire } from 'node:module';
import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import { ExpectationError, messageOf } from '../expect.js';
import type { ColorRange } from '../frame/color.js';
import type { PackedImage } from '../frame/convert.js';
import type { Nv12Frame } from '../frame/nv12-frame.js';
import type { BpuAddon } from './bpu.js';
import type { CameraAddon } from './camera.js';
import type { EmulatorAddon } from './emulator.js';
import { packageRoot } from '../package-root.js';

/** Where a scaled picture lies within the model's input; even numbers. A Letterbox is one. */
export interface Content {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** A packed image with everything said. */
export type NativePackedImage = Required<PackedImage>;

/**
 * What the native addon exports (native/addon.cc). It checks every argument itself, so that no value makes it touch
 * memory outside the arrays, and throws TypeError; callers say what is wrong in their own words before that.
 *
 * Source and target never share memory. Arrays may be backed by SharedArrayBuffer.
 */
export interface Addon extends BpuAddon, CameraAddon, EmulatorAddon {
  /** Scales `source` to `content` within `target` (bilinear) and pads the rest with grey. */
  letterbox(source: Nv12Frame, content: Content, target: Nv12Frame): void;

  /** NV12 to three planes of floats from 0 to 1: R, G, B. `target` has 3 * width * height elements. */
  nv12ToPlanarFloat(source: Nv12Frame, range: ColorRange, target: Float32Array): void;

  /** NV12 to R, G, B bytes. `target` has 3 * width * height elements. */
  nv12ToRgb8(source: Nv12Frame, range: ColorRange, target: Uint8Array): void;

  /** To NV12 of the same size, rounded up to even numbers. */
  packedToNv12(source: NativePackedImage, range: ColorRange, target: Nv12Frame): void;

  /**
   * letterbox() into `model`, then nv12ToPlanarFloat() of it into `planes`, on libuv's thread pool.
   * The arrays must be left alone until the promise settles. Resizable buffers are refused at once; one that was
   * transferred meanwhile rejects the promise.
   *
   * @returns milliseconds the work took, without the wait for a thread
   */
  preprocess(
    source: Nv12Frame,
    content: Content,
    model: Nv12Frame,
    range: ColorRange,
    planes: Float32Array,
  ): Promise<number>;

  /**
   * Which kernels the functions above run, and all that run on this machine, fastest first (avx2, ssse3; neon; portable).
   * All give the same bytes. TROS_YOLO_SEG_SIMD in the environment chooses others, and so does `use`, for tests and
   * measurements.
   */
  pixelKernels(use?: string): { readonly chosen: string; readonly usable: readonly string[] };

  /** How many objects of the addon are alive in this process, for tests that ask whether all were given back. */
  aliveObjects(): AliveObjects;
}

export interface AliveObjects {
  readonly engines: number;
  /** Blocks of BPU memory, with those that somebody still looks at. */
  readonly blocks: number;
  /** Threads that were given up with a BPU that hangs, where a worker thread ended. */
  readonly threads: number;
  /** Slot tables of engines and inboxes, and the feeds of cameras that are or were attached to them. */
  readonly tables: number;
  readonly feeds: number;
  /** Full pictures that were copied for JavaScript, or wait to be used again. */
  readonly pictures: number;
}

let loaded: Addon | undefined;

/**
 * The native addon, loaded on first use. This is the only file that loads it.
 *
 * @throws ExpectationError that lists what was tried and what to do
 */
export function addon(): Addon {
  loaded ??= loadAddon(packageRoot);
  return loaded;
}

/** Loads the addon of the package at `root`: its release build, or else its debug build. */
export function loadAddon(root: string): Addon {
  const require = createRequire(import.meta.url);
  const tried: string[] = [];
  for (const configuration of ['Release', 'Debug']) {
    const file = join(root, 'build', 'native', configuration, 'tros_yolo_seg.node');
    if (!existsSync(file)) {
      tried.push(`${relative(root, file)}: not there`);
      continue;
    }
    try {
      return require(file) as Addon;
    } catch (error) {
      tried.push(`${relative(root, file)}: ${messageOf(error)}`);
    }
  }
  throw new ExpectationError(
    `the native addon for ${process.platform}-${process.arch} in ${root}`,
    `nothing that loads:\n${tried.map((line) => `  - ${line}`).join('\n')}\n`,
    [
      'Possible solutions:',
      '  - Build it: npm run build:native (needs cmake and g++: sudo apt install cmake g++)',
      '  - If it was built on another machine or for another Node.js, remove build/native and build again',
    ].join('\n'),
  );
}
