import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ExpectationError } from '../../base/expect.js';
import { makeFolder } from '../../base/files/folder.js';
import { writeWhole } from '../../base/files/whole-file.js';
import { writeError } from '../../base/files/write-error.js';
import type { ReadFiles } from '../outputs.js';
import type { FrameNames } from './frame-names.js';

export interface FrameFolderOptions {
  /** The option that named the folder. */
  readonly option: string;
  readonly names: FrameNames;
  /** What follows the frame's name in the names of the files. */
  readonly suffixes: readonly string[];
  /** Inputs, which must not be overwritten. */
  readonly read: ReadFiles;
  /** Whether to replace files of an earlier run. */
  readonly replace: boolean;
}

/** A folder with files for each frame. */
export class FrameFolder {
  /**
   * @param target created if necessary
   * @throws ExpectationError when it cannot be created, or contains files of these names that must not be replaced
   */
  constructor(
    readonly target: string,
    private readonly options: FrameFolderOptions,
  ) {
    const { option, names, suffixes, read, replace } = options;
    makeFolder(target);
    for (const file of list(target)) {
      if (!suffixes.some((suffix) => file.endsWith(suffix) && names.has(file.slice(0, -suffix.length))))
        continue;
      const path = join(target, file);
      const input = read.at(path);
      if (input === undefined && replace) continue;
      throw new ExpectationError(
        `a folder for ${option} without files of these inputs`,
        input === undefined ? `${path}, which exists` : `${path}, which is the input ${input}`,
        input === undefined
          ? 'Choose another folder, or add --force to replace them.'
          : 'Choose another folder.',
      );
    }
  }

  /** Writes a file, which appears when it is complete. @param name of the frame, with a suffix */
  write(name: string, bytes: Uint8Array): Promise<void> {
    return writeWhole(join(this.target, name), bytes, this.options.replace);
  }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    throw writeError(folder, error);
  }
}
