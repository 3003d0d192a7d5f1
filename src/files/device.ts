import { type Stats, statSync } from 'node:fs';
import { resolve } from 'node:path';

/**
 * Whether a path leads to a device, a pipe or a socket: there is nothing in it that could be lost, and nothing may take its
 * place. What lies in /dev counts too, for /dev/stdout may lead to a file by redirection.
 *
 * @param found what stat() tells of it, undefined where there is nothing
 */
export function isDevice(
  path: string,
  found: Stats | undefined = statSync(path, { throwIfNoEntry: false }),
): boolean {
  if (found === undefined || found.isDirectory()) return false;
  return !found.isFile() || resolve(path).startsWith('/dev/');
}
