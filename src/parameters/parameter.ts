import { ExpectationError } from '../base/expect.js';

/** Value types of ROS parameters that we use, and their TypeScript types. */
export interface ParameterTypes {
  bool: boolean;
  /** 64 bits in ROS; only safe integers are accepted. */
  integer: number;
  double: number;
  string: string;
  integer_array: readonly number[];
  string_array: readonly string[];
}
export type ParameterType = keyof ParameterTypes;
export type ParameterValue = ParameterTypes[ParameterType];

/** One row of a parameter table, the source of its ROS descriptor, command-line option, config/*.yaml and docs/parameters.md. */
export interface Parameter<T extends ParameterType = ParameterType> {
  readonly type: T;
  readonly default: ParameterTypes[T];
  /** One or two sentences, lower case, no full stop at the end. */
  readonly help: string;
  /** The same in Chinese, for docs/parameters.zh-CN.md. A test asks for it (test/parameters/chinese.test.ts). */
  readonly zh?: string;
  /** Range of numbers, and of each number in a list; both ends included. */
  readonly range?: readonly [min: number, max: number];
  /** Accepted strings. */
  readonly choices?: readonly string[];
  /** For a list of strings with a place for each camera: '' in it counts as a value, unless there are no others. @default false */
  readonly placed?: boolean;
  /** Whether it may change while the node is active; others only while it is unconfigured. @default false */
  readonly dynamic?: boolean;
  /** Its name in the previous minor version: it still works, with a warning (CONTRIBUTING.md, Compatibility). */
  readonly was?: string;
}

export type ParameterTable = Readonly<Record<string, Parameter>>;

/** Type of a parameter's value: a union of its choices, if it has any. */
export type ValueOf<Row extends Parameter> = Row extends { readonly choices: readonly (infer Choice)[] }
  ? Choice
  : ParameterTypes[Row['type']];

/** The values of a table by parameter name. */
export type ParameterValues<Table extends ParameterTable> = {
  readonly [Name in keyof Table]: ValueOf<Table[Name]>;
};

/** The default of a row with choices must be one of them. */
type Consistent<Table extends ParameterTable> = {
  readonly [Name in keyof Table]: { readonly default: ValueOf<Table[Name]> };
};

/** @returns the unchanged table, typed with each row's type and choices */
export function parameterTable<const Table extends ParameterTable>(table: Table & Consistent<Table>): Table {
  return table;
}

export function defaultsOf<Table extends ParameterTable>(table: Table): ParameterValues<Table> {
  return Object.fromEntries(
    Object.entries(table).map(([name, parameter]) => [name, parameter.default]),
  ) as ParameterValues<Table>;
}

/** The current name of the parameter that was called `name` in the previous minor version; undefined if there was none. */
export function presentName(table: ParameterTable, name: string): string | undefined {
  return Object.keys(table).find((present) => table[present]!.was === name);
}

/**
 * The warning about the use of a former name.
 *
 * @param kind Parameter, or Option
 * @param unused whether the current name was given as well, so that the value given by the former one is not used
 */
export function renameWarning(kind: string, former: string, present: string, unused: boolean): string {
  const until = unused
    ? 'is given by that name, too: the value of the former name is not used.'
    : 'works by its former name until the next minor version.';
  return `${kind} ${former} is called ${present} now, and ${until}`;
}

/**
 * Checks a value and converts it to the type of the row. Users write `rate:=9` for a double, and `classes:=person` or `[0, 2]` for a list
 * of strings, so these are accepted. '' in a list is dropped unless the list is `placed`: ROS's YAML cannot give the type of an empty list.
 *
 * @throws ExpectationError for a value of another type, outside the range, or not among the choices
 */
export function checkParameter<T extends ParameterType>(
  name: string,
  parameter: Parameter<T>,
  value: unknown,
): ParameterTypes[T] {
  const wanted = describeParameter(parameter);
  const refuse = (): never => {
    throw new ExpectationError(`${wanted} for parameter ${name}`, value);
  };
  switch (parameter.type) {
    case 'bool':
      if (typeof value !== 'boolean') refuse();
      break;
    case 'integer':
    case 'double': {
      const number = numberWithin(value, parameter.range);
      if (number === undefined || (parameter.type === 'integer' && !Number.isSafeInteger(number))) {
        return refuse();
      }
      return number as ParameterTypes[T];
    }
    case 'integer_array': {
      const items: unknown[] = Array.isArray(value) ? value : [value];
      const numbers = items.map((item) => numberWithin(item, parameter.range));
      if (!numbers.every(Number.isSafeInteger)) return refuse();
      return numbers as unknown as ParameterTypes[T];
    }
    case 'string':
      if (typeof value !== 'string') return refuse();
      if (parameter.choices && !parameter.choices.includes(value)) refuse();
      break;
    case 'string_array': {
      const items: unknown[] = Array.isArray(value) ? value : [value];
      if (!items.every((item) => typeof item === 'string' || typeof item === 'number')) return refuse();
      const texts = items.map(String);
      const filled = texts.filter((item) => item !== '');
      return (parameter.placed && filled.length > 0 ? texts : filled) as unknown as ParameterTypes[T];
    }
  }
  return value as ParameterTypes[T];
}

/** The value as a number; undefined if it is not a number, or out of range. */
function numberWithin(value: unknown, range: Parameter['range']): number | undefined {
  const number = typeof value === 'bigint' ? Number(value) : value;
  if (typeof number !== 'number' || Number.isNaN(number)) return undefined;
  const [min, max] = range ?? [-Infinity, Infinity];
  return number >= min && number <= max ? number : undefined;
}

/** "a number from 0 to 1", "one of full, limited", "a list of strings". */
export function describeParameter({ type, range, choices }: Parameter): string {
  if (choices) return `one of ${choices.join(', ')}`;
  const within = range ? ` from ${range[0]} to ${range[1]}` : '';
  switch (type) {
    case 'bool':
      return 'true or false';
    case 'integer':
      return `an integer${within}`;
    case 'double':
      return `a number${within}`;
    case 'string':
      return 'a string';
    case 'integer_array':
      return `a list of integers${within}`;
    case 'string_array':
      return 'a list of strings';
  }
}
