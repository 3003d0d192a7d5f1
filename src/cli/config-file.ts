import { readFileSync } from 'node:fs';
import { parseDocument } from 'yaml';
import { ExpectationError, messageOf } from '../base/expect.js';
import { nearest } from '../base/nearest.js';
import {
  Arguments,
  choicesOf,
  type CliOption,
  type CliOptions,
  otherNames,
  printWarning,
} from './options.js';
import { renameWarning } from '../parameters/parameter.js';

/** The key for arguments that are not options. */
const INPUTS = 'inputs';
/** Options that make sense on the command line alone. */
const NOT_IN_FILES = ['config', 'help'];
/** Edits of a mistyped key that is still recognized. */
const MISTYPED = 3;

/**
 * Reads options from a YAML file (`--config`): the names of the options, with dashes or underscores, and their values.
 *
 *     inputs: [photos, drive.mcap]
 *     model: best-rdk.onnx
 *     score: 0.4
 *     classes: [person, bus]
 *     class-score: { person: 0.5 }
 *     track: true
 *
 * Paths are relative to the working directory, as on the command line.
 *
 * @throws ExpectationError for a file that cannot be read, keys that are no options, and values of the wrong kind
 */
export function readConfig(
  file: string,
  options: CliOptions,
  warn: (line: string) => void = printWarning,
): Arguments {
  let content: unknown;
  try {
    // Treats warnings, which the library would print, as errors: unknown tags and keys.
    const document = parseDocument(readFileSync(file, 'utf8'), { logLevel: 'error' });
    const [wrong] = [...document.errors, ...document.warnings];
    if (wrong) throw wrong;
    content = document.toJS();
  } catch (error) {
    const reason = messageOf(error).split('\n')[0]!.replace(/:$/, '');
    throw new ExpectationError(`a YAML file of options at ${file}`, reason, 'For example: score: 0.4', {
      cause: error,
    });
  }
  content ??= {};
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    const found = typeof content === 'string' ? 'text without them' : content;
    throw new ExpectationError(`options and their values in ${file}`, found, 'For example: score: 0.4');
  }
  const values: Record<string, string | boolean | string[]> = {};
  let inputs: string[] = [];
  for (const [key, value] of Object.entries(content)) {
    if (key === INPUTS) {
      inputs = listOf(value, `${INPUTS} in ${file}`);
      continue;
    }
    const name = nameOf(key, options, file, warn);
    if (value !== null) values[name] = valueOf(value, options[name]!, `${key} in ${file}`);
  }
  return new Arguments(inputs, values);
}

function nameOf(key: string, options: CliOptions, file: string, warn: (line: string) => void): string {
  const dashed = key.replaceAll('_', '-');
  if (Object.hasOwn(options, dashed) && !NOT_IN_FILES.includes(dashed)) return dashed;
  const former = Object.entries(options).find(([name, option]) => otherNames(name, option).includes(dashed));
  if (former) {
    if (dashed !== former[1].alias) warn(renameWarning('Option', dashed, former[0], false));
    return former[0];
  }
  const names = [...Object.keys(options).filter((name) => !NOT_IN_FILES.includes(name)), INPUTS];
  const [similar] = nearest(dashed, names, MISTYPED);
  const hint = similar === undefined ? 'See --help.' : `Did you mean ${similar}?`;
  throw new ExpectationError(`names of options in ${file}`, key, hint);
}

function valueOf(value: unknown, option: CliOption, what: string): string | boolean | string[] {
  if (option.type === 'boolean') {
    if (typeof value === 'boolean') return value;
    throw new ExpectationError(
      `true or false for ${what}`,
      value,
      'YAML takes true and false without quotation marks.',
    );
  }
  // true and false are words where an option chooses between them.
  if (typeof value === 'boolean' && choicesOf(option).includes(String(value))) return String(value);
  if (option.multiple) return listOf(value, what);
  return Array.isArray(value) ? listOf(value, what).join(',') : textOf(value, what);
}

/** A list, a single value, or a mapping for values such as person=0.5. */
function listOf(value: unknown, what: string): string[] {
  if (Array.isArray(value)) return value.map((item) => textOf(item, what));
  if (typeof value !== 'object' || value === null) return [textOf(value, what)];
  return Object.entries(value).map(([name, item]) => `${name}=${textOf(item, what)}`);
}

function textOf(value: unknown, what: string): string {
  if (typeof value === 'string' || typeof value === 'number') return String(value);
  throw new ExpectationError(`text or a number for ${what}`, value, 'Put words such as yes in quotes.');
}
