import { parseArgs } from 'node:util';
import { ExpectationError, messageOf } from '../base/expect.js';
import { renameWarning } from '../parameters/parameter.js';

/** One command line option: what parseArgs needs, and its help. */
export interface CliOption {
  readonly type: 'string' | 'boolean';
  /** Placeholder of the value in the help. */
  readonly value?: string;
  readonly help: string;
  readonly short?: string;
  readonly multiple?: boolean;
  /** Another spelling, which the help omits. */
  readonly alias?: string;
  /** For an option named like a parameter: the former and the present name, without dashes. */
  readonly renamed?: { readonly from: string; readonly to: string };
}

export type CliOptions = Readonly<Record<string, CliOption>>;

/** Parsed values by option name. */
export class Arguments {
  constructor(
    readonly positionals: readonly string[],
    private readonly values: Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>,
  ) {}

  text(name: string): string | undefined {
    const value = this.values[name];
    return typeof value === 'string' ? value : undefined;
  }

  texts(name: string): string[] {
    const value = this.values[name];
    return Array.isArray(value) ? value.map(String) : [];
  }

  flag(name: string): boolean {
    return this.values[name] === true;
  }

  /** @throws ExpectationError unless the option is absent or a number */
  number(name: string): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const value = Number(text);
    if (text.trim() === '' || Number.isNaN(value)) throw new ExpectationError(`a number for --${name}`, text);
    return value;
  }
}

/**
 * @param warn receives a line for each former name that was used
 * @throws ExpectationError for options that do not exist or lack their value
 */
export function parseArguments(
  argv: readonly string[],
  options: CliOptions,
  warn = (line: string): void => void process.stderr.write(`tros-yolo-seg: ${line}\n`),
): Arguments {
  const config = Object.fromEntries(
    Object.entries(options).flatMap(([name, option]) => {
      const { type, short, multiple } = option;
      const kind = { type, ...(multiple ? { multiple } : {}) };
      return [
        [name, { ...kind, ...(short ? { short } : {}) }] as const,
        ...otherNames(name, option).map((other) => [other, kind] as const),
      ];
    }),
  );
  try {
    const { positionals, values } = parseArgs({ args: [...argv], options: config, allowPositionals: true });
    for (const [name, option] of Object.entries(options)) {
      for (const other of otherNames(name, option)) {
        if (values[other] === undefined) continue;
        if (other !== option.alias) {
          warn(renameWarning('Option', `--${other}`, `--${name}`, values[name] !== undefined));
        }
        values[name] ??= values[other];
      }
    }
    return new Arguments(positionals, values);
  } catch (error) {
    throw argumentError(error, options);
  }
}

/**
 * Former names by which an option is also accepted. An option whose name differs from its parameter's is not affected by
 * changes of the parameter's name.
 */
function otherNames(name: string, { alias, renamed }: CliOption): string[] {
  return [alias, renamed?.to === name ? renamed.from : undefined].filter((other) => other !== undefined);
}

/** Rewrites the errors of parseArgs in one line, in the form of all other errors. */
function argumentError(error: unknown, options: CliOptions): ExpectationError {
  const cause = { cause: error };
  const found = /'(-[^' ,]*)/.exec(messageOf(error))?.[1] ?? messageOf(error);
  if ((error as NodeJS.ErrnoException).code !== 'ERR_PARSE_ARGS_INVALID_OPTION_VALUE') {
    const hint = 'Put arguments that begin with a dash but are not options after --.';
    return new ExpectationError('options that are listed by --help', found, hint, cause);
  }
  const [name, option] = Object.entries(options).find(
    ([long, entry]) =>
      [long, ...otherNames(long, entry)].some((other) => found === `--${other}`) ||
      (entry.short !== undefined && found === `-${entry.short}`),
  ) ?? [found.replace(/^-+/, ''), undefined];
  if (option?.type === 'boolean') {
    return new ExpectationError(`--${name} without a value`, 'one with a value', `Omit the value.`, cause);
  }
  const hint = `A value that begins with a dash is written with an equals sign: --${name}=-1.`;
  return new ExpectationError(`a value for --${name}`, 'none', hint, cause);
}

/** Width of a line of help, and its indent. */
const WIDTH = 110;
const INDENT = 29;

/** Formats the options for the help. */
export function optionHelp(options: CliOptions): string {
  return Object.entries(options)
    .map(([name, { value, help, short }]) => {
      const left = `${short ? `-${short}, ` : ''}--${name}${value ? ` ${value}` : ''}`;
      return wrapped(`  ${left.padEnd(INDENT - 3)} ${help}`);
    })
    .join('\n');
}

/** Breaks a line between words; further lines are indented. */
function wrapped(line: string): string {
  if (line.length <= WIDTH) return line;
  const end = line.lastIndexOf(' ', WIDTH);
  if (end <= INDENT) return line;
  return `${line.slice(0, end)}\n${wrapped(' '.repeat(INDENT) + line.slice(end + 1))}`;
}
