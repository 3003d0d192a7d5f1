import { ExpectationError, reportOf } from '../base/expect.js';
import { nearest } from '../base/nearest.js';
import { colored } from './color.js';
import { readConfig } from './config-file.js';
import { printable } from './printable.js';
import { type Arguments, type CliOptions, parseArguments } from './options.js';
import { exitCodeWith, watchStdout } from './stdout.js';

/**
 * A command of `tros-yolo-seg`, or a tool of the repository. Resolves to the exit code; errors that it throws are printed.
 */
export interface Command {
  readonly summary: string;
  /** For completion. */
  readonly options?: CliOptions;
  /** Arguments to choose from, for completion. */
  readonly words?: readonly string[];
  readonly actions?: Readonly<Record<string, Command>>;
  run(argv: readonly string[]): Promise<number>;
}

/** Commands by name, loaded on demand. */
export type Loaders = Readonly<Record<string, () => Promise<Command>>>;

/** What a command consists of. */
export interface CommandParts {
  readonly summary: string;
  /** Printed for --help. */
  readonly usage: string;
  readonly options: CliOptions;
  readonly words?: readonly string[];
  readonly run: (args: Arguments, argv: readonly string[]) => Promise<number>;
}

/** Defines a command that parses its options, takes others from --config, and handles --help whatever else is given. */
export function command({ usage, run, ...described }: CommandParts): Command {
  const { options } = described;
  return {
    ...described,
    async run(argv) {
      const args = parseArguments(argv, options);
      if (args.flag('help')) {
        process.stdout.write(usage);
        return 0;
      }
      expectNames(args, options);
      const file = args.text('config');
      if (file === undefined) return run(args, argv);
      const all = args.over(readConfig(file, options));
      expectNames(all, options);
      return run(all, argv);
    },
  };
}

/** Placeholders of values that name a file, folder or model. */
const NAMED = /FILE|DIR|MODEL|\.(bin|onnx|json)$/;

/**
 * A script whose variable is empty gives `--labels ""`, which no later error would make plain.
 *
 * @throws ExpectationError for the name of a file that is empty
 */
function expectNames(args: Arguments, options: CliOptions): void {
  for (const [name, { value = '' }] of Object.entries(options)) {
    if (!NAMED.test(value) || args.text(name) !== '') continue;
    throw new ExpectationError(`a name for --${name}`, 'none', 'Omit the option, or name one.');
  }
}

/** Commands that share a first word. */
export interface CommandGroup {
  /** What is chosen: "a command". */
  readonly what: string;
  /** The words before it: "tros-yolo-seg model". */
  readonly name: string;
  readonly commands: Loaders;
  readonly usage: () => Promise<string>;
}

/** Edits of a mistyped command that is still recognized. */
const MISTYPED = 2;

/**
 * Runs the command that the first argument names. `help COMMAND` is `COMMAND --help`.
 *
 * @returns its exit code; 2 if no command is given
 * @throws ExpectationError for a command that does not exist, with the one that was probably meant
 */
export async function runGroup(group: CommandGroup, argv: readonly string[]): Promise<number> {
  const { what, name, commands, usage } = group;
  const [word, ...rest] = argv;
  if (word === 'help' && rest.length > 0) return runGroup(group, [...rest, '--help']);
  if (word === undefined || word === 'help' || word === '--help' || word === '-h') {
    process.stdout.write(await usage());
    return word === undefined ? 2 : 0;
  }
  const load = Object.hasOwn(commands, word) ? commands[word] : undefined;
  if (load) return (await load()).run(rest);
  const names = Object.keys(commands);
  const [similar] = nearest(word, names, MISTYPED);
  const meant = similar === undefined ? '' : `Did you mean ${similar}? `;
  throw new ExpectationError(`${what} (${names.join(', ')})`, word, `${meant}See ${name} --help.`);
}

/** The commands and what they do, for the help. */
export async function commandList(commands: Loaders): Promise<string> {
  const width = Math.max(...Object.keys(commands).map(({ length }) => length));
  const lines = await Promise.all(
    Object.entries(commands).map(
      async ([name, load]) => `  ${name.padEnd(width)}  ${(await load()).summary}`,
    ),
  );
  return lines.join('\n');
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
    // A stack has several lines.
    const text = reportOf(error).split('\n').map(printable).join('\n');
    process.stderr.write(`${colored('tros-yolo-seg:', 'red')} ${text}\n`);
    process.exitCode = 2;
  }
}
