import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isDevice } from '../../base/files/device.js';
import { makeFolder } from '../../base/files/folder.js';
import { writeError } from '../../base/files/write-error.js';

const APPEND = constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND;

/**
 * A text file that is written part by part, and always ends with a complete part: if the disk is full, what was written of the
 * last one is removed.
 */
export class TextFile {
  /** Bytes of complete parts. */
  #length = 0;

  private constructor(
    readonly target: string,
    private readonly file: FileHandle,
    /** A device cannot be truncated, and a log that others write to must not be. */
    private readonly own: boolean,
  ) {}

  static async create(target: string, replace: boolean): Promise<TextFile> {
    makeFolder(dirname(target));
    try {
      const own = !isDevice(target);
      // Appending: what follows a part that was removed must not leave a gap.
      const flags = !own ? APPEND : APPEND | (replace ? constants.O_TRUNC : constants.O_EXCL);
      return new TextFile(target, await open(target, flags), own);
    } catch (error) {
      throw writeError(target, error);
    }
  }

  /** @throws ExpectationError when it cannot be written */
  async append(part: string): Promise<void> {
    const bytes = Buffer.from(part);
    try {
      await this.file.appendFile(bytes);
      this.#length += bytes.length;
    } catch (error) {
      if (this.own) await this.file.truncate(this.#length).catch(() => undefined);
      throw writeError(this.target, error);
    }
  }

  async close(): Promise<void> {
    try {
      await this.file.close();
    } catch (error) {
      throw writeError(this.target, error);
    }
  }
}
