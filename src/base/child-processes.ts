import type { ChildProcess } from 'node:child_process';

const running = new Set<ChildProcess>();
let listens = false;

/**
 * Has a program that we started end with this process at the latest: one that hangs does not notice that nobody reads what it
 * writes.
 *
 *     const ffmpeg = endWithUs(spawn('ffmpeg', args));
 */
export function endWithUs<T extends ChildProcess>(child: T): T {
  if (!listens) {
    listens = true;
    process.on('exit', endChildren);
  }
  running.add(child);
  // A program that could not be started has no end.
  for (const event of ['exit', 'error']) child.once(event, () => running.delete(child));
  return child;
}

/** Kills the programs that still run. */
export function endChildren(): void {
  for (const child of running) child.kill('SIGKILL');
}
