import { ExpectationError, expectNumber } from '../base/expect.js';
import { findClass } from './labels.js';

/**
 * Parses minimum scores of single classes, by class id, from strings such as `person=0.5`.
 *
 * @param option name of the setting, for messages
 * @throws ExpectationError for a string of another form, an unknown class or an invalid score
 */
export function parseClassScores(
  option: string,
  pairs: readonly string[],
  labels: readonly string[],
): Record<number, number> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const [, name, score] = /^(.*)=([^=]*)$/.exec(pair) ?? [];
      if (name === undefined)
        throw new ExpectationError(`CLASS=SCORE for ${option}`, pair, 'For example person=0.5.');
      const id = findClass(name, labels, option);
      return [id, expectNumber(`${option} ${name}`, Number(score?.trim() || NaN), 0, 1)];
    }),
  );
}
