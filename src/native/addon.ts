import { createRequire } from 'node:module';
import { existsSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { ExpectationError, messageOf } from '../base/expect.js';
import type { BpuAddon } from './bpu.js';
import type { CameraAddon } from './camera.js';
import type { DecodeAddon } from './decode.js';
import type { DepthAddon } from './depth.js';
import type { EmulatorAddon } from './emulator.js';
import type { JpegAddon } from './jpeg-addon.js';
import type { Nv12Addon } from './nv12.js';
import { packageRoot } from '../base/package-root.js';
import type { WebAddon } from './web-addon.js';

/**
 * The exports of the native addon (native/addon.cc). It validates every argument, so no value can make it access memory
 * outside the arrays, and throws TypeError. Callers report mistakes in their own words before that.
 *
 * Source and target must not share memory. Arrays may be backed by a SharedArrayBuffer. What returns a promise reads its arrays until that
 * settles: one that is transferred and garbage-collected meanwhile would be read after it was freed.
 */
export interface Addon
  extends Nv12Addon, BpuAddon, CameraAddon, DecodeAddon, DepthAddon, EmulatorAddon, JpegAddon, WebAddon {
  /** ADDON_INTERFACE of the sources from which it was built; older builds have none. */
  readonly interface?: number;
  /** Numbers of living native objects in this process. Tests use them to check that everything is freed. */
  aliveObjects(): AliveObjects;
}

export interface AliveObjects {
  readonly engines: number;
  /** Blocks of BPU memory, including those whose tensors are still referenced. */
  readonly blocks: number;
  /** Threads that were abandoned inside a hanging libdnn when a worker thread ended. */
  readonly threads: number;
  /** Slot tables, and attachments of cameras to them, ended ones included. */
  readonly tables: number;
  readonly attachments: number;
  /** Buffers of full pictures, in use or pooled. */
  readonly pictures: number;
}

/**
 * Version of everything the addon exports: functions, their arguments, blocks of heads, plans. Increase it with each change, here and
 * in native/addon.cc, so that a build of another commit is reported when it is loaded and not when a frame fails.
 */
const ADDON_INTERFACE = 6;

/** The words of glibc's dlopen. */
const MISSING_LIBRARY = /(lib[^\s:/]+\.so[^\s:]*): cannot open shared object file/;

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

/**
 * Loads the addon of the package at `root`: its release build, else its debug build, else the prebuilt one of the npm package
 * (scripts/prebuild.mjs), which needs glibc 2.31.
 */
export function loadAddon(root: string): Addon {
  const require = createRequire(import.meta.url);
  const tried: string[] = [];
  for (const folder of [
    join('build', 'native', 'Release'),
    join('build', 'native', 'Debug'),
    join('prebuilds', `${process.platform}-${process.arch}`),
  ]) {
    const file = join(root, folder, 'tros_yolo_seg.node');
    if (!existsSync(file)) {
      tried.push(`${relative(root, file)}: not there`);
      continue;
    }
    try {
      const built = require(file) as Addon;
      if (built.interface === ADDON_INTERFACE) return built;
      tried.push(
        `${relative(root, file)}: built from another version of its sources (interface ${built.interface ?? 'without a number'}, expected ${ADDON_INTERFACE})`,
      );
    } catch (error) {
      tried.push(`${relative(root, file)}: ${messageOf(error)}`);
    }
  }
  throw new ExpectationError(
    `the native addon for ${process.platform}-${process.arch} in ${root}`,
    `none that can be used:\n${tried.map((line) => `  - ${line}`).join('\n')}\n`,
    [
      'Possible solutions:',
      // Built by colcon, it needs the libraries of ROS.
      ...[...new Set(tried.flatMap((line) => MISSING_LIBRARY.exec(line)?.[1] ?? []))].map(
        (library) =>
          `  - Source the ROS 2 or TROS that has ${library}, in this shell: source /opt/ros/humble/setup.bash`,
      ),
      root.split(sep).includes('node_modules')
        ? '  - Build it where the package is installed: npm rebuild tros-yolo-seg (needs cmake and g++: sudo apt install cmake g++)'
        : '  - Build it, again after each update: npm run build:native (needs cmake and g++: sudo apt install cmake g++)',
      '  - If it was built on another machine or for another Node.js, remove build/native and build again',
    ].join('\n'),
  );
}
