import { addon } from './addon.js';

/**
 * A second descriptor of an open file or connection (dup), which stays open until both are closed. So a connection can move to another
 * thread: Node.js has a way to pass one to another process, but none to another thread.
 *
 *     const copy = duplicateDescriptor(descriptor);
 *     closeSync(descriptor); // `copy` still reads and writes
 *
 * @returns the new one, which the caller must close
 * @throws TypeError for one that is not open, and when the process has no descriptors left
 */
export function duplicateDescriptor(descriptor: number): number {
  return addon().duplicateDescriptor(descriptor);
}
