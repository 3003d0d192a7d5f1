import { type Stats, statSync } from 'node:fs';
import { resolve } from 'node:path';

/** Names of what a process has open. */
const DESCRIPTORS = /^\/dev\/(stdout|stderr|fd\/\d+)$/;

/**
 * Whether a path leads to a device, a pipe or a socket: there is nothing in it that could be lost, and nothing may take its
 * place. /dev/stdout, /dev/stderr and /dev/fd/N count too, though redirection may lead them to a file; open them with the flag
 * `a`, so that what the file holds stays. Other files below /dev are files like any: /dev/shm is a disk in memory.
 *
 * @param found what stat() tells of it, undefined where there is nothing
 */
export function isDevice(
  path: string,
  found: Stats | undefined = statSync(path, { throwIfNoEntry: false }),
): boolean {
  if (found === undefined || found.isDirectory()) return false;
  return !found.isFile() || DESCRIPTORS.test(resolve(path));
}
