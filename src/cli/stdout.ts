import { writeError } from '../base/files/write-error.js';
import { Stop } from './stop.js';

let claimed = false;
let broken = false;

/** Says that the caller looks after the errors of what it writes to standard output, and reports them itself. */
export function claimStdout(): void {
  claimed = true;
}

/**
 * Looks after standard output. A reader that goes away (`| head`) is no error of ours; a full disk is one. A command with files
 * in the making closes them first in either case.
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

/** The exit code of a command that ended with this one, unless what it said was lost. */
export function exitCodeWith(code: number): number {
  return broken ? code || 1 : code;
}
