import { type Stats, statSync } from 'node:fs';
import { resolve } from 'node:path';

/** Paths that name a process's open files. */
const DESCRIPTORS = /^\/dev\/(stdout|stderr|fd\/\d+)$/;

/**
 * Whether a path leads to a device, a pipe or a socket. These hold no data that could be lost, and no file may replace them.
 * /dev/stdout, /dev/stderr and /dev/fd/N count too, although redirection may lead them to a file; open them with the flag
 * `a`, so that the file keeps its content. Anything else below /dev may be an ordinary file: /dev/shm is a disk in memory.
 *
 * @param found result of stat() for the path; undefined if it does not exist
 */
export function isDevice(
  path: string,
  found: Stats | undefined = statSync(path, { throwIfNoEntry: false }),
): boolean {
  if (found === undefined || found.isDirectory()) return false;
  return !found.isFile() || DESCRIPTORS.test(resolve(path));
}
