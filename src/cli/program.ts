import { ExpectationError, messageOf } from '../base/expect.js';
import { exitCodeWith, watchStdout } from './stdout.js';

/** A command of `tros-yolo-seg`, or a tool of the checkout. Resolves to the exit code; what it throws is printed as one message. */
export interface Command {
  readonly summary: string;
  run(argv: readonly string[]): Promise<number>;
}

/**
 * Runs a program to its end and sets the exit code: 2 for what it throws, printed in one line where it is an ExpectationError,
 * with its stack otherwise.
 *
 * @example await runProgram(() => bench.run(process.argv.slice(2)));
 */
export async function runProgram(main: () => Promise<number>): Promise<void> {
  watchStdout();
  try {
    const code = exitCodeWith(await main());
    // What was left behind on a signal, a video player that hangs for one, must not hold up the end.
    if (code > 128) process.exit(code);
    process.exitCode = code;
  } catch (error) {
    process.stderr.write(
      `tros-yolo-seg: ${error instanceof ExpectationError ? error.message : ((error as Error).stack ?? messageOf(error))}\n`,
    );
    process.exitCode = 2;
  }
}
