import assert from 'node:assert/strict';
import { it, mock } from 'node:test';
import { Problems } from '../../src/node/problems.js';

it('Problems writes one line a second at most, and how many it kept', () => {
  let now = 5000;
  const clock = mock.method(performance, 'now', () => now);
  try {
    const lines: string[] = [];
    const problems = new Problems((line) => lines.push(line));
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
  } finally {
    clock.mock.restore();
  }
});
