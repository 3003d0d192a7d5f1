import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync, readlinkSync, renameSync, rmSync, statSync } from 'node:fs';
import { type FileHandle, mkdir, open, rename } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { writeWholeSync } from '../../base/files/whole-file.js';
import { writeError } from '../../base/files/write-error.js';

/** Milliseconds without a write after which a partial download of another machine or container counts as abandoned. */
const FORSAKEN = 120_000;
/** Bytes after which received data is synced to disk: a robot may be switched off at any time. */
export const SYNC_EVERY = 8 << 20;

/** Identifies the file on the server that a partial download belongs to. */
export interface PartOrigin {
  readonly url: string;
  /** ETag or modification time that identifies this version; undefined if the server gives none. */
  readonly validator?: string | undefined;
  /** Size of the whole file in bytes, if the server reports it. */
  readonly total?: number | undefined;
}

interface State extends PartOrigin {
  /** Bytes that are synced to disk. */
  readonly length: number;
}

/**
 * A partial download: a folder beside the target with the bytes received so far and a description of their file.
 *
 * While a process uses the folder, it has a unique name, so that two processes never write to the same one. Afterwards it
 * gets a name by which the next process finds it. Renaming is atomic: only one process can get it. The folder of a killed
 * process is recognized by its name, which contains the process.
 */
export class Part {
  #file: FileHandle | undefined;
  #position: number;
  #synced: number;
  #origin: PartOrigin | undefined;
  /** Whether it was completed, left or removed. */
  #over = false;

  private constructor(
    readonly target: string,
    readonly folder: string,
    state: State | undefined,
  ) {
    this.#origin = state;
    this.#position = this.#synced = state?.length ?? 0;
  }

  /**
   * Continues the partial download that an earlier process left, or begins one.
   *
   * @param target path of the complete file; its folder exists
   * @throws ExpectationError when that folder is not writable
   */
  static async claim(target: string, now = Date.now()): Promise<Part> {
    const folder = join(
      dirname(target),
      `.${basename(target)}.${processHome()}.${process.pid}.${randomUUID()}.part`,
    );
    try {
      for (const left of leftParts(target, now)) {
        try {
          await rename(left, folder);
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code === 'ENOENT') continue; // another process was quicker
          throw error;
        }
        return new Part(target, folder, readState(folder));
      }
      await mkdir(folder);
    } catch (error) {
      throw writeError(target, error);
    }
    return new Part(target, folder, undefined);
  }

  /** The file that this belongs to; undefined if nothing was received yet. */
  get origin(): PartOrigin | undefined {
    return this.#origin;
  }

  /** Bytes received so far. */
  get length(): number {
    return this.#position;
  }

  /** Path of the bytes. */
  get path(): string {
    return join(this.folder, 'data');
  }

  /**
   * Prepares to receive a file from `start` on. Anything behind that, or of another file, is removed.
   *
   * @throws ExpectationError when it cannot be written
   */
  async begin(origin: PartOrigin, start: number): Promise<void> {
    await this.#guard(async () => {
      // A new file instead of truncating the old one, to which a suspended process may still write.
      if (start === 0) rmSync(this.path, { force: true });
      this.#file = await open(this.path, start === 0 ? 'wx' : 'r+');
      await this.#file.truncate(start);
      this.#origin = origin;
      this.#position = this.#synced = start;
      this.#save();
    });
  }

  /** @throws ExpectationError when the disk is full; what was written before stays */
  async write(bytes: Uint8Array): Promise<void> {
    await this.#guard(async () => {
      for (let done = 0; done < bytes.length;) {
        const { bytesWritten } = await this.#file!.write(bytes, done, bytes.length - done, this.#position);
        done += bytesWritten;
        this.#position += bytesWritten;
      }
      if (this.#position - this.#synced >= SYNC_EVERY) await this.#sync();
    });
  }

  /** Syncs everything to disk, so that it can be read and checked. */
  async complete(): Promise<void> {
    await this.#guard(async () => {
      if (this.#file) await this.#sync();
    });
    await this.#close();
  }

  /** Moves the file to its target. @throws ExpectationError when that fails */
  async finish(): Promise<void> {
    await this.#guard(() => rename(this.path, this.target));
    this.#over = true;
    rmSync(this.folder, { recursive: true, force: true });
    // The file is complete: partial downloads by others are useless now.
    for (const left of leftParts(this.target, Date.now())) rmSync(left, { recursive: true, force: true });
  }

  /**
   * Leaves the partial download to a later process. Failures are ignored, because there is already an error that matters
   * more.
   */
  async leave(): Promise<void> {
    if (this.#over) return;
    try {
      if (this.#file) await this.#sync();
    } catch {
      // What was on disk before counts.
    }
    await this.#close();
    if (this.#synced === 0) return this.discard();
    this.#over = true;
    const shared = `${this.target}.part`;
    try {
      if ((readState(shared)?.length ?? 0) < this.#synced) rmSync(shared, { recursive: true, force: true });
      renameSync(this.folder, shared);
    } catch {
      // Another process left more than this one has.
      await this.discard();
    }
  }

  /** Removes the partial download. */
  async discard(): Promise<void> {
    this.#over = true;
    await this.#close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #sync(): Promise<void> {
    await this.#file!.datasync();
    this.#synced = this.#position;
    this.#save();
  }

  #save(): void {
    const state: State = { ...this.#origin!, length: this.#synced };
    writeWholeSync(join(this.folder, 'state.json'), JSON.stringify(state));
  }

  async #close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }

  async #guard(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      throw writeError(this.target, error);
    }
  }
}

/** Bytes of a file that an earlier process left; undefined if there are none. */
export function leftLength(target: string): { length: number; total?: number | undefined } | undefined {
  return readState(`${target}.part`);
}

/** The abandoned partial downloads of a file, longest first. */
function leftParts(target: string, now: number): string[] {
  const folder = dirname(target);
  const own = `.${basename(target)}.`;
  const names = readdirSync(folder).filter((name) => {
    if (name === `${basename(target)}.part`) return true;
    return name.startsWith(own) && name.endsWith('.part') && isForsaken(join(folder, name), own.length, now);
  });
  const parts = names.map((name) => ({
    path: join(folder, name),
    length: readState(join(folder, name))?.length ?? 0,
  }));
  return parts.sort((a, b) => b.length - a.length).map(({ path }) => path);
}

/** Whether the process that used a partial download has ended. */
function isForsaken(path: string, prefix: number, now: number): boolean {
  const [, host, pid] = /^(.*)\.(\d+)\.[\da-f-]{36}\.part$/.exec(basename(path).slice(prefix)) ?? [];
  if (host === undefined) return false;
  if (host === processHome() && !isAlive(Number(pid))) return true;
  // A process of another machine or container, whose number means nothing here.
  const found =
    statSync(join(path, 'data'), { throwIfNoEntry: false }) ?? statSync(path, { throwIfNoEntry: false });
  return found !== undefined && now - found.mtimeMs > FORSAKEN;
}

/**
 * The scope of process numbers: the machine and its PID namespace, because containers may share a hostname.
 * `robot-4026531836`
 */
export function processHome(): string {
  let namespace = '';
  try {
    namespace = /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '';
  } catch {
    // No Linux, or no /proc: the machine alone.
  }
  return `${hostname()}-${namespace}`;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Undefined if nothing in it is usable. */
function readState(folder: string): State | undefined {
  try {
    const json = JSON.parse(readFileSync(join(folder, 'state.json'), 'utf8')) as Partial<State>;
    const { size } = statSync(join(folder, 'data'));
    if (typeof json.url !== 'string' || !Number.isSafeInteger(json.length) || json.length! < 0)
      return undefined;
    const validator = typeof json.validator === 'string' ? json.validator : undefined;
    const total = Number.isSafeInteger(json.total) ? json.total : undefined;
    return size < json.length! ? undefined : { url: json.url, length: json.length!, validator, total };
  } catch {
    return undefined;
  }
}
