import type { ChildProcess } from 'node:child_process';

const running = new Set<ChildProcess>();
let listens = false;

/**
 * Ends a program that this process started when this process ends. A program that hangs does not notice that nobody reads
 * its output.
 *
 *     const ffmpeg = endWithUs(spawn('ffmpeg', args));
 */
export function endWithUs<T extends ChildProcess>(child: T): T {
  if (!listens) {
    listens = true;
    process.on('exit', endChildren);
  }
  running.add(child);
  // A program that could not be started never exits.
  for (const event of ['exit', 'error']) child.once(event, () => running.delete(child));
  return child;
}

/** Kills the programs that are still running. */
export function endChildren(): void {
  for (const child of running) child.kill('SIGKILL');
}
