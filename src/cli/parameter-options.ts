import { expectInteger, expectNumber, expectOneOf } from '../base/expect.js';
import type { Parameter, ParameterValue } from '../parameters/parameter.js';
import { SEGMENT_PARAMETERS } from '../parameters/segment.js';
import type { Arguments, CliOption } from './options.js';

type ParameterName = keyof typeof SEGMENT_PARAMETERS;

/** The part of a parameter's help that explains its default: "; empty: all", "; 0: two". */
const NOTHING_GIVEN = /; (?:empty|0): (.+)$/;

/** An option made by `fromParameter` from any row. */
export function fromRow(
  name: string,
  parameter: Parameter,
  value?: string,
  more: Partial<CliOption> = {},
): CliOption {
  const placeholder = value ?? parameter.choices?.join('|') ?? 'VALUE';
  const help = [more.help ?? parameter.help.replace(NOTHING_GIVEN, ''), notes(parameter)].filter(Boolean);
  const renamed =
    parameter.was === undefined ? {} : { renamed: { from: dashed(parameter.was), to: dashed(name) } };
  return { type: 'string', value: placeholder, ...renamed, ...more, help: help.join(' ') };
}

function dashed(name: string): string {
  return name.replaceAll('_', '-');
}

/**
 * An option that is also a parameter of the node `segment`, with its help, range and default.
 *
 * @param value placeholder in the help; default: the choices
 * @param more further properties, or another help if the node's does not fit files
 */
export function fromParameter(name: ParameterName, value?: string, more: Partial<CliOption> = {}): CliOption {
  return fromRow(name, SEGMENT_PARAMETERS[name], value, more);
}

/** "(0 to 1, default 0.25)". */
function notes({ range, default: standard, help }: Parameter): string {
  const meaning = NOTHING_GIVEN.exec(help)?.[1];
  const noted = range && !meaning ? [`${range[0]} to ${range[1]}`] : [];
  if (meaning) noted.push(`default: ${meaning}`);
  else if (!isNothing(standard)) noted.push(`default ${String(standard)}`);
  return noted.length > 0 ? `(${noted.join(', ')})` : '';
}

function isNothing(value: ParameterValue): boolean {
  return value === '' || (typeof value === 'object' && value.length === 0);
}

type NameOf<Type extends string> = {
  [Name in ParameterName]: (typeof SEGMENT_PARAMETERS)[Name]['type'] extends Type ? Name : never;
}[ParameterName];

/** @throws ExpectationError unless it is a number within the parameter's range */
export function numberOption(
  args: Arguments,
  option: string,
  parameter: NameOf<'integer' | 'double'>,
): number {
  const { type, range, default: standard } = SEGMENT_PARAMETERS[parameter];
  const expect = type === 'integer' ? expectInteger : expectNumber;
  return expect(`--${option}`, args.number(option) ?? standard, range[0], range[1]);
}

/** @throws ExpectationError unless it is one of the parameter's choices */
export function choiceOption<Choice extends string>(
  args: Arguments,
  option: string,
  parameter: { readonly default: Choice; readonly choices: readonly Choice[] },
): Choice {
  return expectOneOf(`--${option}`, args.text(option) ?? parameter.default, parameter.choices);
}
