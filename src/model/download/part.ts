import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync, readlinkSync, renameSync, rmSync, statSync } from 'node:fs';
import { type FileHandle, mkdir, open, rename } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { writeWholeSync } from '../../base/files/whole-file.js';
import { writeError } from '../../base/files/write-error.js';

/** A part of another machine or container that nobody has written to for so long is nobody's. Milliseconds. */
const FORSAKEN = 120_000;
/** Bytes after which what was received is put on disk for sure: a robot may be switched off at any time. */
export const SYNC_EVERY = 8 << 20;

/** Of which file on the server a part is the beginning. */
export interface PartOrigin {
  readonly url: string;
  /** ETag or time of change that names this very file; undefined where the server gives none. */
  readonly validator?: string | undefined;
  /** Bytes of the whole file, where the server tells. */
  readonly total?: number | undefined;
}

interface State extends PartOrigin {
  /** Bytes that are on disk for sure. */
  readonly length: number;
}

/**
 * The beginning of a file that is downloaded: a folder beside the file's place with the bytes, and what they belong to.
 *
 * While a process works on it the folder has a name of its own, so that two processes never write to the same one; at its end it
 * takes a name at which the next process finds it. A folder is renamed in one step: whoever is quicker has it. What a killed
 * process leaves is found by its name, which tells the process.
 */
export class Part {
  #file: FileHandle | undefined;
  #position: number;
  #synced: number;
  #origin: PartOrigin | undefined;
  /** Whether it has its place, or was left or removed. */
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
   * Takes the part that an earlier process left, or begins one.
   *
   * @param target where the whole file is to lie; its folder exists
   * @throws ExpectationError where that folder cannot be written to
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

  /** Of what this is the beginning; undefined where nothing was received yet. */
  get origin(): PartOrigin | undefined {
    return this.#origin;
  }

  /** Bytes that are there. */
  get length(): number {
    return this.#position;
  }

  /** Where the bytes are. */
  get path(): string {
    return join(this.folder, 'data');
  }

  /**
   * Sets out to receive a file from `start` on: what lies behind that, or belonged to another file, goes.
   *
   * @throws ExpectationError where it cannot be written
   */
  async begin(origin: PartOrigin, start: number): Promise<void> {
    await this.#guard(async () => {
      // A new file, not the old one emptied: a process that slept may still write to that.
      if (start === 0) rmSync(this.path, { force: true });
      this.#file = await open(this.path, start === 0 ? 'wx' : 'r+');
      await this.#file.truncate(start);
      this.#origin = origin;
      this.#position = this.#synced = start;
      this.#save();
    });
  }

  /** @throws ExpectationError where there is no room; what was written before stays */
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

  /** Puts all on disk, so that it can be read and checked. */
  async complete(): Promise<void> {
    await this.#guard(async () => {
      if (this.#file) await this.#sync();
    });
    await this.#close();
  }

  /** Gives the file its place. @throws ExpectationError where it cannot be */
  async finish(): Promise<void> {
    await this.#guard(() => rename(this.path, this.target));
    this.#over = true;
    rmSync(this.folder, { recursive: true, force: true });
    // The file is there: what others left of it helps nobody.
    for (const left of leftParts(this.target, Date.now())) rmSync(left, { recursive: true, force: true });
  }

  /** Leaves what there is to a later process. Nothing happens where it cannot: there is an error already that matters more. */
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
      // Another process has left more than we have.
      await this.discard();
    }
  }

  /** Removes it. */
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

/** How much of a file an earlier process left, in bytes; undefined where there is nothing. */
export function leftLength(target: string): { length: number; total?: number | undefined } | undefined {
  return readState(`${target}.part`);
}

/** The parts of a file that belong to nobody, the longest first. */
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

/** Whether the process that works on a part has ended. */
function isForsaken(path: string, prefix: number, now: number): boolean {
  const [, host, pid] = /^(.*)\.(\d+)\.[\da-f-]{36}\.part$/.exec(basename(path).slice(prefix)) ?? [];
  if (host === undefined) return false;
  if (host === processHome() && !isAlive(Number(pid))) return true;
  // A process of another machine, or of another container, whose number says nothing here.
  const found =
    statSync(join(path, 'data'), { throwIfNoEntry: false }) ?? statSync(path, { throwIfNoEntry: false });
  return found !== undefined && now - found.mtimeMs > FORSAKEN;
}

/**
 * Within which a process number names one process: the machine, and the namespace of its numbers, for containers may share a
 * hostname. `robot-4026531836`
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

/** Undefined where nothing in it can be used. */
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
