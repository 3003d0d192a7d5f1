import { existsSync, mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { ExpectationError, messageOf } from '../../expect.js';

/**
 * Makes a folder and those above it where they are missing. (Node's own recursive mkdir never returns where a
 * file system refuses with ENOENT, as /proc does.)
 *
 * @throws ExpectationError when it cannot be made
 */
export function makeFolder(path: string): void {
  const missing: string[] = [];
  for (let folder = resolve(path); !existsSync(folder); folder = dirname(folder)) missing.unshift(folder);
  try {
    for (const folder of missing) mkdirSync(folder);
  } catch (error) {
    throw new ExpectationError(`a place to write to at ${path}`, messageOf(error), 'Choose another folder.', {
      cause: error,
    });
  }
}
