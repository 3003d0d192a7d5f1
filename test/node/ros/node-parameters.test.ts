import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { parameterTable } from '../../../src/parameters/parameter.js';
import { FakeRcl } from './fake-rcl.js';

/** rcl_interfaces/msg/ParameterType */
const INTEGER = 2;
const DOUBLE = 3;
const STRINGS = 9;

const TABLE = parameterTable({
  iou: { type: 'double', default: 0.7, range: [0, 1], dynamic: true, was: 'nms_threshold', help: 'overlap' },
  score: { type: 'double', default: 0.25, range: [0, 1], dynamic: true, help: 'lowest score' },
  classes: { type: 'string_array', default: [], dynamic: true, was: 'labels_to_report', help: 'classes' },
});
const WORKS = 'is called iou now, and works by its former name until the next minor version.';
const UNUSED = 'is called iou now, and is given by that name, too: the value of the former name is not used.';

describe('NodeParameters', () => {
  /** A node with the table, and what it was told of changes. */
  function node(...given: [name: string, type: number, value: unknown][]) {
    const ros = new FakeRcl(given.map(([name, type, value]) => ({ name, type, value })));
    const changes: string[] = [];
    const values = ros.parameters.declare(TABLE, {
      check: (changed, { iou }) => {
        if (iou === 0.13) throw new Error('an unlucky number');
        changes.push(`check ${changed.join()}`);
      },
      apply: (changed) => void changes.push(`apply ${changed.join()}`),
    });
    return { ros, values, changes };
  }

  it('declares defaults, and values in the types of the table', () => {
    const { ros, values } = node(['score', INTEGER, 1n], ['other', DOUBLE, 1]);
    assert.deepEqual({ ...values }, { iou: 0.7, score: 1, classes: [] });
    assert.deepEqual([...ros.declared.keys()], ['iou', 'score', 'classes']);
    assert.deepEqual(ros.warnings, []);
  });

  it('accepts a value under the former name, with a warning', () => {
    const { ros, values } = node(['nms_threshold', DOUBLE, 0.5], ['labels_to_report', STRINGS, ['person']]);
    assert.deepEqual([values.iou, values.classes], [0.5, ['person']]);
    assert.ok(!ros.declared.has('nms_threshold'));
    assert.deepEqual(ros.warnings, [
      `Parameter nms_threshold ${WORKS}`,
      `Parameter labels_to_report ${WORKS.replace('iou', 'classes')}`,
    ]);
    assert.equal(ros.parameters.given('iou', TABLE), 0.5);
    assert.equal(ros.parameters.given('iou'), undefined);
    assert.throws(() => node(['nms_threshold', DOUBLE, 2]), /from 0 to 1 for parameter iou but received 2/);
  });

  it('prefers the current name if both are given', () => {
    const { ros, values } = node(['nms_threshold', DOUBLE, 0.5], ['iou', DOUBLE, 0.6]);
    assert.equal(values.iou, 0.6);
    assert.deepEqual(ros.warnings, [`Parameter nms_threshold ${UNUSED}`]);
  });

  it('sets a parameter by its former name, warns once, and applies the same checks', () => {
    const { ros, values, changes } = node();
    assert.equal(ros.set('nms_threshold', DOUBLE, 0.5), undefined);
    assert.equal(values.iou, 0.5);
    assert.equal(ros.set('nms_threshold', INTEGER, 1n), undefined);
    assert.equal(values.iou, 1);
    assert.match(ros.set('nms_threshold', DOUBLE, 3)!, /from 0 to 1 for parameter iou but received 3/);
    assert.equal(ros.set('nms_threshold', DOUBLE, 0.13), 'an unlucky number');
    assert.equal(values.iou, 1);
    assert.deepEqual(ros.warnings, [`Parameter nms_threshold ${WORKS}`]);
    assert.deepEqual(changes, ['check iou', 'apply iou', 'check iou', 'apply iou']);
  });

  it('prefers the current name if one request sets both, in any order', () => {
    const former: [string, number, unknown] = ['nms_threshold', DOUBLE, 0.5];
    const present: [string, number, unknown] = ['iou', DOUBLE, 0.6];
    for (const request of [
      [former, present],
      [present, former],
    ]) {
      const { ros, values } = node();
      assert.equal(ros.setAll(...request), undefined);
      assert.equal(values.iou, 0.6);
      assert.deepEqual(ros.warnings, [`Parameter nms_threshold ${UNUSED}`]);

      const other = node();
      assert.deepEqual(other.ros.setEach(...request), [undefined, undefined]);
      assert.equal(other.values.iou, 0.6);
      assert.deepEqual(other.ros.warnings, [`Parameter nms_threshold ${UNUSED}`]);
    }
  });

  it('refuses unknown names, and suggests names for misspelled ones', () => {
    const { ros } = node(['scroe', DOUBLE, 0.5]);
    assert.deepEqual(ros.warnings, ['There is no parameter scroe, it has no effect. Did you mean score?']);
    assert.match(ros.set('nms_thresholds', DOUBLE, 0.5)!, /^Expected a parameter of \/segment/);
  });
});
