import { mkdirSync, type Stats, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { ExpectationError, messageOf } from '../expect.js';

/**
 * Creates a folder and its missing parents. Every output of this project goes through here, because Node's own recursive
 * mkdir never returns when a file system refuses with ENOENT, as /proc does.
 *
 * @example makeFolder(dirname('out/new/found.jsonl'));
 * @throws ExpectationError when it cannot be made, or when there is a file in its place
 */
export function makeFolder(path: string): void {
  const missing: string[] = [];
  let folder = resolve(path);
  try {
    let found = statIfAny(folder);
    while (found === undefined) {
      missing.unshift(folder);
      folder = dirname(folder);
      found = statIfAny(folder);
    }
    if (!found.isDirectory()) throw new Error(`the file ${folder}`);
    for (const name of missing) makeOne(name);
  } catch (error) {
    throw new ExpectationError(`a place to write to at ${path}`, messageOf(error), 'Choose another folder.', {
      cause: error,
    });
  }
}

/** A folder below a file counts as missing, like one below a missing folder. */
function statIfAny(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return undefined;
    throw error;
  }
}

function makeOne(path: string): void {
  try {
    mkdirSync(path);
  } catch (error) {
    // Another process may have created it a moment ago.
    if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw error;
  }
}
