import { randomUUID } from 'node:crypto';
import { linkSync, readdirSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isDevice } from './device.js';
import { writeError } from './write-error.js';

/** Parts of this process that are being written. */
const open = new Set<WholeFile>();
const PART = /^\.tros-yolo-seg-[\da-f-]+\.part$/;
/** A part that nobody has written to for so long belongs to a process that was killed. Milliseconds. */
const FORSAKEN = 3_600_000;

/**
 * A file that appears under its name only when it is whole: it is written beside it, under a name of its own, and moved there
 * at the end. What was there before stays until then.
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
  /** Where to write: a file in the same folder; the target itself where that is a device or a pipe. */
  readonly part: string;
  /**
   * How to open it: a part is new, for two processes (the first of two containers, with one cache) must never share one; what is
   * written to a device follows what came before, for redirection may lead it to a log.
   */
  readonly flag: 'wx' | 'a';
  readonly #target: string;

  constructor(readonly path: string) {
    const found = statSync(path, { throwIfNoEntry: false });
    // A link keeps pointing where it does: what it points at is replaced.
    this.#target = found === undefined ? path : realpathSync(path);
    // To move a file over /dev/null would take that away from everyone.
    const special = isDevice(path, found);
    this.flag = special ? 'a' : 'wx';
    this.part = special ? path : join(dirname(this.#target), `.tros-yolo-seg-${randomUUID()}.part`);
    if (!special) open.add(this);
  }

  /**
   * Gives the file its name.
   *
   * @param replace whether a file that has it goes
   * @throws a system error; EEXIST where there is a file that must not go
   */
  finish(replace = true): void {
    if (!open.has(this)) return;
    if (replace) renameSync(this.part, this.#target);
    else moveToNew(this.part, this.#target);
    open.delete(this);
  }

  /** Removes the part; nothing happens after finish(). */
  discard(): void {
    if (open.delete(this)) rmSync(this.part, { force: true });
  }
}

/** A rename that replaces nothing, even if another process is quicker. */
function moveToNew(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw error;
    // FAT, as SD cards and USB sticks have it, knows no second name of a file.
    if (statSync(to, { throwIfNoEntry: false }) !== undefined) {
      throw Object.assign(new Error(`EEXIST: file already exists, '${to}'`), { code: 'EEXIST' });
    }
    renameSync(from, to);
    return;
  }
  rmSync(from);
}

/**
 * Writes a file whole or not at all.
 *
 * @param replace whether a file of that name goes
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

/** As writeWhole(), at once. */
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

/** Removes what is half written, for a process that ends at once. */
export function discardParts(): void {
  for (const file of [...open]) {
    try {
      file.discard();
    } catch {
      // The process ends anyway.
    }
  }
}

/** Removes parts from a folder that killed processes left there, hours ago. */
export function sweepParts(folder: string, now = Date.now()): void {
  for (const name of readdirSync(folder)) {
    if (!PART.test(name)) continue;
    const part = join(folder, name);
    const found = statSync(part, { throwIfNoEntry: false });
    if (found !== undefined && now - found.mtimeMs > FORSAKEN) rmSync(part, { force: true });
  }
}
