import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { ExpectationError } from '../../src/base/expect.js';
import { parseClassScores } from '../../src/model/class-scores.js';

const LABELS = ['person', 'traffic light', 'a=b'];

describe('parseClassScores', () => {
  const parse = (...pairs: string[]): Record<number, number> =>
    parseClassScores('--class-score', pairs, LABELS);

  it('accepts names in any case, ids, and names with spaces or an equals sign', () => {
    assert.deepEqual(parse('Person=0.5', ' traffic light =0.25', 'a=b=1'), { 0: 0.5, 1: 0.25, 2: 1 });
    assert.deepEqual(parse('1=0'), { 1: 0 });
    assert.deepEqual(parse(), {});
  });

  it('uses the last of several scores for one class', () => {
    assert.deepEqual(parse('person=0.5', '0=0.75'), { 0: 0.75 });
  });

  it('names the setting, what was expected, and what was found', () => {
    assert.throws(() => parse('person'), {
      message: 'Expected CLASS=SCORE for --class-score but received person. For example person=0.5.',
    });
    assert.throws(
      () => parse('cat=0.5'),
      /a class name or id of the model for --class-score but received cat. It knows person/,
    );
    for (const pair of ['person=1.5', 'person=-0.1', 'person=', 'person=half', 'person= ', 'person=NaN']) {
      assert.throws(() => parse(pair), /from 0 to 1 for --class-score person/, pair);
    }
    for (const pair of ['', '=', '=0.5', '3=0.5']) assert.throws(() => parse(pair), ExpectationError, pair);
  });
});
