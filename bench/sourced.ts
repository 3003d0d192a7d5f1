import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { messageOf } from '../src/base/expect.js';
import { packageRoot } from '../src/base/package-root.js';

/** The emulated libdnn. */
export function emulator(): string {
  return join(packageRoot, 'build/native/emulator/libdnn.so');
}

/** Why a script cannot measure the node in a running graph; undefined where it can. */
export function whatIsMissing(script: string): string | undefined {
  const prefixes = (process.env['AMENT_PREFIX_PATH'] ?? '').split(delimiter);
  if (!prefixes.some((prefix) => existsSync(join(prefix, 'lib/tros_yolo_seg/segment')))) {
    return 'no workspace with tros_yolo_seg is sourced; see "On a robot" in the README';
  }
  return [script, emulator()].find((file) => !existsSync(file))?.concat(' is not there');
}

/** The last line of a program's output is its error. */
export function lastLine(error: unknown): string {
  const { stderr } = error as { stderr?: string };
  return stderr?.trim().split('\n').at(-1) ?? messageOf(error);
}
