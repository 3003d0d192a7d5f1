import { ExpectationError } from '../base/expect.js';
import { findClass } from './labels.js';

/**
 * Parses other names of single classes, by class id, from strings such as `person=body`.
 *
 * @param option name of the setting, for messages
 * @throws ExpectationError for a string of another form, and an unknown class
 */
export function parseClassTypes(
  option: string,
  pairs: readonly string[],
  labels: readonly string[],
): ReadonlyMap<number, string> {
  return new Map(
    pairs.map((pair) => {
      const [, name, type] = /^(.*)=\s*([^=]*\S)\s*$/.exec(pair) ?? [];
      if (name === undefined)
        throw new ExpectationError(`CLASS=TYPE for ${option}`, pair, 'For example person=body.');
      return [findClass(name, labels), type!];
    }),
  );
}
