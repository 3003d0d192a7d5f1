import { ExpectationError, messageOf } from '../base/expect.js';
import { type Arguments, type CliOptions, parseArguments } from './options.js';
import { exitCodeWith, watchStdout } from './stdout.js';

/**
 * A command of `tros-yolo-seg`, or a tool of the repository. Resolves to the exit code; errors that it throws are printed.
 */
export interface Command {
  readonly summary: string;
  run(argv: readonly string[]): Promise<number>;
}

/** What a command consists of. */
export interface CommandParts {
  readonly summary: string;
  /** Printed for --help. */
  readonly usage: string;
  readonly options: CliOptions;
  readonly run: (args: Arguments, argv: readonly string[]) => Promise<number>;
}

/** Defines a command that parses its options, and handles --help whatever else is given. */
export function command({ summary, usage, options, run }: CommandParts): Command {
  return {
    summary,
    async run(argv) {
      const args = parseArguments(argv, options);
      if (!args.flag('help')) return run(args, argv);
      process.stdout.write(usage);
      return 0;
    },
  };
}

/**
 * Runs a program to its end and sets the exit code: 2 if it throws. An ExpectationError is printed in one line, other errors
 * with their stack.
 *
 * @example await runProgram(() => bench.run(process.argv.slice(2)));
 */
export async function runProgram(main: () => Promise<number>): Promise<void> {
  watchStdout();
  try {
    const code = exitCodeWith(await main());
    // Anything left behind on a signal, such as a hanging video decoder, must not delay the exit.
    if (code > 128) process.exit(code);
    process.exitCode = code;
  } catch (error) {
    process.stderr.write(
      `tros-yolo-seg: ${error instanceof ExpectationError ? error.message : ((error as Error).stack ?? messageOf(error))}\n`,
    );
    process.exitCode = 2;
  }
}
