import { randomUUID } from 'node:crypto';
import {
  linkSync,
  lstatSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isDevice } from './device.js';
import { writeError } from './write-error.js';

/** The partial files that this process is writing. */
const open = new Set<WholeFile>();
/** Their names, with the number of the process; files of earlier versions have none. */
const PART = /^\.tros-yolo-seg-(?:p(\d+)-)?[\da-f-]+\.part$/;
/** Milliseconds without a write after which a partial file belongs to a process that was killed, if that is gone. */
const FORSAKEN = 3_600_000;
/** Milliseconds between two signs of life in partial files: the video of a lost camera is not written to for hours. */
const SIGN_OF_LIFE = 600_000;
let signs: NodeJS.Timeout | undefined;
/** Folders in which this process has looked for what killed ones left behind. */
const swept = new Set<string>();

/**
 * A file that appears under its name only when it is complete. It is written beside the target under a temporary name and
 * moved there at the end. Whatever was there before stays until then. Temporary files in that folder that killed processes
 * left an hour ago or earlier are removed.
 *
 *     const file = new WholeFile('out/model.onnx');
 *     try {
 *       writeFileSync(file.part, bytes, { flag: file.flag });
 *       file.finish();
 *     } catch (error) {
 *       file.discard();
 *       throw writeError('out/model.onnx', error);
 *     }
 */
export class WholeFile {
  /** The path to write to: a file in the same folder, or the target itself if that is a device or a pipe. */
  readonly part: string;
  /**
   * The flag to open it with. A partial file must be new: two processes must never share one, not even PID 1 of two
   * containers with a common cache. A device is appended to, because redirection may lead it to a log.
   */
  readonly flag: 'wx' | 'a';
  readonly #target: string;

  constructor(readonly path: string) {
    const found = statSync(path, { throwIfNoEntry: false });
    // A symbolic link stays; the file that it points to is replaced.
    this.#target = found === undefined ? path : realpathSync(path);
    // Moving a file over /dev/null would take it away from everyone.
    const special = isDevice(path, found);
    this.flag = special ? 'a' : 'wx';
    this.part = special
      ? path
      : join(dirname(this.#target), `.tros-yolo-seg-p${process.pid}-${randomUUID()}.part`);
    if (special) return;
    const folder = dirname(this.part);
    if (!swept.has(folder)) {
      swept.add(folder);
      sweepParts(folder);
    }
    open.add(this);
    signs ??= setInterval(touchParts, SIGN_OF_LIFE).unref();
  }

  /**
   * Moves the file to its final name.
   *
   * @param replace whether to replace an existing file
   * @throws a system error; EEXIST if there is a file and `replace` is false
   */
  finish(replace = true): void {
    if (!open.has(this)) return;
    if (replace) renameSync(this.part, this.#target);
    else moveToNew(this.part, this.#target);
    this.#close();
  }

  /** Removes the partial file. Does nothing after finish(). */
  discard(): void {
    if (this.#close()) rmSync(this.part, { force: true });
  }

  #close(): boolean {
    const was = open.delete(this);
    if (open.size === 0) {
      clearInterval(signs);
      signs = undefined;
    }
    return was;
  }
}

/** A rename that never replaces a file, even if another process creates one at the same time. */
function moveToNew(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw error;
    // FAT, common on SD cards and USB sticks, has no hard links.
    if (statSync(to, { throwIfNoEntry: false }) !== undefined) {
      throw Object.assign(new Error(`EEXIST: file already exists, '${to}'`), { code: 'EEXIST' });
    }
    renameSync(from, to);
    return;
  }
  rmSync(from);
}

/**
 * Writes a file completely or not at all.
 *
 * @param replace whether to replace an existing file
 * @throws ExpectationError that names the file when it cannot be written
 */
export async function writeWhole(path: string, data: Uint8Array | string, replace = true): Promise<void> {
  let file: WholeFile | undefined;
  try {
    file = new WholeFile(path);
    await writeFile(file.part, data, { flag: file.flag });
    file.finish(replace);
  } catch (error) {
    file?.discard();
    throw writeError(path, error);
  }
}

/** Like writeWhole(), but synchronous. */
export function writeWholeSync(path: string, data: NodeJS.ArrayBufferView | string, replace = true): void {
  let file: WholeFile | undefined;
  try {
    file = new WholeFile(path);
    writeFileSync(file.part, data, { flag: file.flag });
    file.finish(replace);
  } catch (error) {
    file?.discard();
    throw writeError(path, error);
  }
}

/** Removes unfinished files, for a process that is about to exit. */
export function discardParts(): void {
  for (const file of [...open]) {
    try {
      file.discard();
    } catch {
      // The process ends anyway.
    }
  }
}

/** Shows other processes that the partial files of this one are still written. */
export function touchParts(now = Date.now()): void {
  for (const { part } of open) {
    try {
      utimesSync(part, now / 1000, now / 1000);
    } catch {
      // It has not been created yet.
    }
  }
}

/**
 * Removes partial files that killed processes left in a folder hours ago. Whatever cannot be removed stays, and so does what a running
 * process of this machine writes, however old it looks: boards without a battery begin with a clock that is years behind, and a machine
 * may have slept.
 */
export function sweepParts(folder: string, now = Date.now()): void {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    // The folder does not exist yet, or belongs to someone else. Writing to it says so.
    return;
  }
  const ours = new Set([...open].map(({ part }) => basename(part)));
  for (const name of names) {
    const matched = PART.exec(name);
    if (!matched || ours.has(name)) continue;
    const pid = matched[1];
    // Number 0 would be this process's group.
    if (pid !== undefined && Number(pid) > 0 && isOther(Number(pid))) continue;
    const part = join(folder, name);
    try {
      const found = lstatSync(part);
      if (found.isFile() && now - found.mtimeMs > FORSAKEN) rmSync(part, { force: true });
    } catch {
      // Another process was faster, or it belongs to someone else.
    }
  }
}

/** Whether another process has this number. That of this process may be left by PID 1 of a container that was here before. */
function isOther(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Of another user.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
