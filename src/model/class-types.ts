import { ExpectationError } from '../base/expect.js';
import { findClass } from './labels.js';

/** The class may contain an equals sign, the type may not. */
const PAIR = /^(.*)=\s*([^=\s](?:[^=]*[^=\s])?)\s*$/;

/**
 * Parses other names of single classes, by class id, from strings such as `person=body`.
 *
 * @param option name of the setting, for messages
 * @throws ExpectationError for a string of another form, an unknown class, and a class that is named twice
 */
export function parseClassTypes(
  option: string,
  pairs: readonly string[],
  labels: readonly string[],
): ReadonlyMap<number, string> {
  const types = new Map<number, string>();
  for (const pair of pairs) {
    const [, name, type] = PAIR.exec(pair) ?? [];
    if (name === undefined) {
      throw new ExpectationError(`CLASS=TYPE for ${option}`, pair, 'For example person=body.');
    }
    const id = findClass(name, labels, option);
    if (types.has(id)) {
      throw new ExpectationError(
        `one type for each class in ${option}`,
        `${pair}, and ${types.get(id)!} before`,
        `Class ${id} is ${labels[id]!}.`,
      );
    }
    types.set(id, type!);
  }
  return types;
}
