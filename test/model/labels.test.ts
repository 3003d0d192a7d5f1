import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { ExpectationError } from '../../src/base/expect.js';
import {
  chooseCellLabels,
  chooseLabels,
  chooseQueryLabels,
  findClass,
  readLabels,
} from '../../src/model/labels.js';
import { temporaryFolder } from '../temporary-folder.js';

describe('class names of a model', () => {
  const folder = temporaryFolder('labels');
  const file = (text: string | Uint8Array): string => {
    writeFileSync(join(folder, 'names.txt'), text);
    return join(folder, 'names.txt');
  };

  it('are not replaced silently', () => {
    const names = (count: number): string[] => Array.from({ length: count }, (_, id) => `my ${id}`);
    for (const [count, given, warning] of [
      [3, 1, /has 1 class name for 3 classes, so that no name is used: the classes are numbers\. Give/],
      [3, 4, /has 4 class names for 3 classes/],
      [80, 79, /has 79 class names for 80 classes, .* the classes get COCO's names/],
    ] as const) {
      const { labels, warnings } = chooseCellLabels(count, names(given));
      assert.deepEqual(labels, chooseLabels(count));
      assert.match(warnings.join(), warning);
    }
    assert.deepEqual(chooseCellLabels(3, names(3)), { labels: names(3), warnings: [] });
    assert.deepEqual(chooseCellLabels(80).warnings, []);
    assert.deepEqual(chooseCellLabels(2, names(3), file('cat\ndog\n')), {
      labels: ['cat', 'dog'],
      warnings: [],
    });
  });

  it('are those of the user, whatever the model contains', () => {
    assert.deepEqual(chooseLabels(2, ['a', 'b'], file('Katze\r\nHund \r\n\r\n')), ['Katze', 'Hund']);
    assert.throws(
      () => chooseLabels(3, ['a', 'b', 'c'], file('Katze\nHund\n')),
      (error) =>
        error instanceof ExpectationError &&
        /^Expected 3 class names in .*names\.txt but received 2\. .*one name per line/.test(error.message),
    );
  });

  it('are otherwise those of the model, else those of COCO, else numbers', () => {
    assert.deepEqual(chooseLabels(2, ['a', 'b']), ['a', 'b']);
    assert.deepEqual(chooseLabels(3, ['a', 'b']), ['0', '1', '2'], 'names that do not fit are none');
    const coco = chooseLabels(80);
    assert.deepEqual([coco.length, coco[0], coco[79]], [80, 'person', 'toothbrush']);
    assert.deepEqual(chooseLabels(1), ['0']);
  });

  it('of a network with queries are the ids of a data set, with a note if that is assumed', () => {
    const { labels, warnings } = chooseQueryLabels(91);
    // Some of rfdetr/util/coco_classes.py, and ids that COCO does not use.
    for (const [id, name] of [
      ...([
        [1, 'person'],
        [11, 'fire hydrant'],
        [13, 'stop sign'],
        [44, 'bottle'],
        [67, 'dining table'],
        [90, 'toothbrush'],
      ] as const),
      ...[0, 12, 26, 29, 30, 45, 66, 68, 69, 71, 83].map((id) => [id, String(id)] as const),
    ]) {
      assert.equal(labels[id], name);
    }
    assert.deepEqual([labels.length, warnings.length], [91, 1]);
    assert.equal(new Set(labels).size, 91);
    const three = chooseQueryLabels(3);
    assert.deepEqual(three.labels, ['0', '1', '2']);
    assert.match(
      three.warnings.join(),
      /does not name its 3 classes: the classes are numbers.*counts its classes from 1/,
    );
    const short = chooseQueryLabels(
      91,
      Array.from({ length: 90 }, () => 'cat'),
    );
    assert.deepEqual(short.labels, labels);
    assert.match(
      short.warnings.join(),
      /has 90 class names for 91 classes, so that no name is used: .* COCO's ids/,
    );
    assert.deepEqual(chooseQueryLabels(2, ['none', 'cat']), { labels: ['none', 'cat'], warnings: [] });
    assert.deepEqual(chooseQueryLabels(2, [], file('none\ncat\n')).labels, ['none', 'cat']);
    assert.throws(() => chooseQueryLabels(2, [], file('cat\n')), /put a line for class 0 before the first/);
  });

  it('may be empty within the list, but not at its end', () => {
    assert.deepEqual(readLabels(file('a\n\n c\n\n')), ['a', '', 'c']);
    assert.throws(() => readLabels(join(folder, 'absent.txt')), /a readable file of class names at .*absent/);
    assert.throws(() => readLabels(folder), ExpectationError);
  });

  it('are found in any case, and by number', () => {
    const names = ['Person', 'traffic light', '7'];
    assert.equal(findClass(' person ', names), 0);
    assert.equal(findClass('TRAFFIC LIGHT', names), 1);
    assert.equal(findClass('1', names), 1);
    assert.equal(findClass('7', names), 2, 'a name goes before a number');
    for (const text of ['3', '-1', '1.5', 'cat', '']) {
      assert.throws(() => findClass(text, names), /It knows Person, traffic light, 7\./, text);
    }
    const many = Array.from({ length: 100 }, (_, id) => `class ${id}`);
    assert.throws(() => findClass('cat', many), /class 89, \.\.\.\.$/);
  });
});
