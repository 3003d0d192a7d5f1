import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { editDistance, nearest } from '../../src/base/nearest.js';

describe('nearest', () => {
  it('editDistance counts insertions, deletions and substitutions', () => {
    for (const [a, b, edits] of [
      ['score', 'score', 0],
      ['scroe', 'score', 2],
      ['', 'abc', 3],
      ['kitten', 'sitting', 3],
    ] as const) {
      assert.equal(editDistance(a, b), edits);
      assert.equal(editDistance(b, a), edits);
    }
  });

  it('nearest lists the most similar words first, and leaves out dissimilar ones', () => {
    const names = ['iou', 'class_scores', 'scores', 'score'];
    assert.deepEqual(nearest('scor', names, 2), ['score', 'scores']);
    assert.deepEqual(nearest('scor', names)[2], 'iou');
    assert.deepEqual(nearest('scor', []), []);
  });
});
