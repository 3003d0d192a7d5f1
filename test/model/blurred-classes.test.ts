import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { blurredClasses } from '../../src/model/blurred-classes.js';
import { categoryIds } from '../../src/model/coco-categories.js';
import { chooseLabels } from '../../src/model/labels.js';

describe('classes to blur', () => {
  const labels = ['person', 'car', '行人'];
  it('are names or ids of classes that are reported', () => {
    assert.deepEqual(blurredClasses(['Person', '行人'], [], labels), [0, 2]);
    assert.deepEqual(blurredClasses(['0'], ['car', 'person'], labels), [0]);
    assert.deepEqual(blurredClasses([], ['car'], labels), []);
  });

  it('are refused if they are not reported', () => {
    assert.throws(
      () => blurredClasses(['person'], ['car'], labels),
      /among the reported classes but received person/,
    );
    assert.throws(() => blurredClasses(['perso'], [], labels), /for overlay_blur .*Did you mean person/);
  });
});

describe('category ids', () => {
  it("are COCO's for COCO's classes, and start from 1 for others", () => {
    const coco = categoryIds(chooseLabels(80));
    assert.deepEqual([coco[0], coco[11], coco[12], coco[79]], [1, 13, 14, 90]);
    assert.deepEqual(categoryIds(['ball', 'cube']), [1, 2]);
    assert.deepEqual(categoryIds(['0', '1']), [1, 2]);
  });
});
