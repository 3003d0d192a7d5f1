import { Command as Parser, CommanderError, Option } from 'commander';
import { ExpectationError, messageOf } from '../base/expect.js';
import { renameWarning } from '../parameters/parameter.js';

/** One command line option: what the parser needs, and its help. */
export interface CliOption {
  readonly type: 'string' | 'boolean';
  /** Placeholder of the value in the help. Choices are written `full|limited`; shells complete them. */
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

/** Options of every command. */
export const COMMON_OPTIONS = {
  config: {
    type: 'string',
    value: 'FILE',
    help: 'take options from a YAML file, "score: 0.4"; inputs is the list of arguments. The command line takes precedence',
  },
  help: { type: 'boolean', short: 'h', help: 'this text' },
} as const satisfies CliOptions;

type Values = Readonly<Record<string, string | boolean | string[] | undefined>>;

/** Parsed values by option name. */
export class Arguments {
  constructor(
    readonly positionals: readonly string[],
    private readonly values: Values,
  ) {}

  text(name: string): string | undefined {
    const value = this.values[name];
    return typeof value === 'string' ? value : undefined;
  }

  texts(name: string): string[] {
    const value = this.values[name];
    return Array.isArray(value) ? value : [];
  }

  flag(name: string): boolean {
    return this.values[name] === true;
  }

  /** @throws ExpectationError unless the option is absent or a number */
  number(name: string): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const value = Number(text);
    if (text.trim() === '' || Number.isNaN(value))
      throw new ExpectationError(
        `a number for --${name}`,
        text,
        'Write it in digits, with a point before decimals.',
      );
    return value;
  }

  /** These arguments, and the others' where they lack one. */
  over(others: Arguments): Arguments {
    const given = Object.entries(this.values).filter(([, value]) => value !== undefined);
    const positionals = this.positionals.length > 0 ? this.positionals : others.positionals;
    return new Arguments(positionals, { ...others.values, ...Object.fromEntries(given) });
  }
}

export function printWarning(line: string): void {
  process.stderr.write(`tros-yolo-seg: ${line}\n`);
}

/**
 * Parses a command line with commander, from a table of options.
 *
 * @param warn receives a line for each former name that was used
 * @throws ExpectationError for options that do not exist or lack their value
 */
export function parseArguments(
  argv: readonly string[],
  options: CliOptions,
  warn: (line: string) => void = printWarning,
): Arguments {
  expectValues(argv, options);
  const values: Record<string, string | boolean | string[] | undefined> = {};
  const parser = new Parser()
    .exitOverride()
    .configureOutput({ writeErr: () => undefined })
    .helpOption(false)
    .argument('[arguments...]');
  const add = (flags: string, name: string, option: CliOption, hidden: boolean): void => {
    const long = flags.replace(/^-., /, '');
    parser.addOption(new Option(option.type === 'string' ? `${flags} <value>` : flags).hideHelp(hidden));
    parser.on(`option:${eventName(long)}`, (value?: string | null) => {
      const list = values[name];
      if (option.type === 'boolean') values[name] = true;
      else if (option.multiple) values[name] = [...(Array.isArray(list) ? list : []), value ?? ''];
      else values[name] = value ?? '';
    });
  };
  for (const [name, option] of Object.entries(options)) {
    add(`${option.short ? `-${option.short}, ` : ''}--${name}`, name, option, false);
    for (const other of otherNames(name, option)) add(`--${other}`, other, option, true);
  }
  try {
    parser.parse(argv, { from: 'user' });
  } catch (error) {
    throw argumentError(error, options);
  }
  for (const [name, option] of Object.entries(options)) {
    for (const other of otherNames(name, option)) {
      if (values[other] === undefined) continue;
      if (other !== option.alias) {
        warn(renameWarning('Option', `--${other}`, `--${name}`, values[name] !== undefined));
      }
      values[name] ??= values[other];
    }
  }
  return new Arguments(parser.args, values);
}

/** commander emits `option:NAME`, where `--no-proof` keeps its `no-`. */
function eventName(long: string): string {
  return long.replace(/^--/, '');
}

/**
 * Former names by which an option is also accepted. An option whose name differs from its parameter's is not affected by
 * changes of the parameter's name.
 */
export function otherNames(name: string, { alias, renamed }: CliOption): string[] {
  return [alias, renamed?.to === name ? renamed.from : undefined].filter((other) => other !== undefined);
}

/**
 * commander would take any next argument as a value: `--json --quiet` would write a file named --quiet.
 *
 * @throws ExpectationError for an option that is followed by another one instead of its value
 */
function expectValues(argv: readonly string[], options: CliOptions): void {
  for (const [i, argument] of argv.entries()) {
    if (argument === '--') return;
    const next = argv[i + 1];
    if (next === undefined || next === '-' || !next.startsWith('-')) continue;
    const found = optionAt(argument, options);
    if (found?.[1].type === 'string') throw missingValue(found[0]);
  }
}

/** The option that an argument names: `--json`, `-o`, or the last of `-qo`. */
function optionAt(argument: string, options: CliOptions): [name: string, option: CliOption] | undefined {
  const short = /^-(?!-).*(.)$/.exec(argument)?.[1];
  return Object.entries(options).find(
    ([name, option]) =>
      (short !== undefined && option.short === short) ||
      [name, ...otherNames(name, option)].some((other) => argument === `--${other}`),
  );
}

function missingValue(name: string, cause?: unknown): ExpectationError {
  const hint = `A value that begins with a dash is written with an equals sign: --${name}=-1.`;
  return new ExpectationError(`a value for --${name}`, 'none', hint, { cause });
}

/** Rewrites commander's errors in one line, in the form of all other errors. */
function argumentError(error: unknown, options: CliOptions): unknown {
  if (!(error instanceof CommanderError)) return error;
  const found = /'([^']*)'/.exec(messageOf(error))?.[1] ?? messageOf(error);
  if (error.code === 'commander.optionMissingArgument') {
    const flag = /--[^ ]+/.exec(found)?.[0] ?? found;
    return missingValue(optionAt(flag, options)?.[0] ?? flag.replace(/^-+/, ''), error);
  }
  const named = found.includes('=') ? optionAt(found.slice(0, found.indexOf('=')), options) : undefined;
  if (named !== undefined) {
    return new ExpectationError(`--${named[0]} without a value`, 'one with a value', 'Omit the value.', {
      cause: error,
    });
  }
  const similar = /\(Did you mean (?:one of )?(.*)\?\)/.exec(messageOf(error))?.[1];
  const hint =
    similar === undefined
      ? 'Put arguments that begin with a dash but are not options after --.'
      : `Did you mean ${similar.replaceAll(', ', ' or ')}?`;
  return new ExpectationError('options that are listed by --help', found, hint, { cause: error });
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

/** The choices of an option's value, if its placeholder lists them. */
export function choicesOf({ value = '' }: CliOption): string[] {
  const choices = value.split('|');
  return choices.length > 1 && choices.every((choice) => /^[a-z0-9][a-z0-9-]*$/.test(choice)) ? choices : [];
}
