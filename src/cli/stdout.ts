import { writeError } from '../base/files/write-error.js';
import { Stop } from './stop.js';

let claimed = false;
let broken = false;

/** Declares that the caller handles and reports errors of its writes to standard output. */
export function claimStdout(): void {
  claimed = true;
}

/**
 * Handles errors of standard output. A closed pipe (`| head`) is not an error; a full disk is. A command with open files
 * closes them first in either case.
 */
export function watchStdout(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') {
      if (!Stop.request('EPIPE')) process.exit(0);
      return;
    }
    if (claimed) return;
    process.stderr.write(`tros-yolo-seg: ${writeError('standard output', error).message}\n`);
    if (!Stop.listening) process.exit(2);
    broken = true;
    process.exitCode ||= 1;
  });
}

/** The given exit code of a command, unless its output was lost. */
export function exitCodeWith(code: number): number {
  return broken ? code || 1 : code;
}
