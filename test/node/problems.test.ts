import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { Problems } from '../../src/node/problems.js';

describe('Problems', () => {
  it('Problems writes one line a second at most, and how many it kept', () => {
    let now = 5000;
    const lines: string[] = [];
    const problems = new Problems(
      (line) => lines.push(line),
      () => now,
    );
    problems.report('a');
    problems.report('b');
    now += 999;
    problems.report('c');
    assert.deepEqual(lines, ['a']);
    now += 1;
    problems.report('d');
    problems.report('e');
    now += 5000;
    problems.report('f');
    now += 1000;
    problems.report('g');
    assert.deepEqual(lines, [
      'a',
      'd (and 2 more since the last line)',
      'f (and 1 more since the last line)',
      'g',
    ]);
  });
});
