import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { matchesNode, overridesFor } from '../../../src/node/ros/parameter-overrides.js';
import type { RclOverrides } from '../../../src/node/ros/rclnodejs.js';

/** One entry of a parameter file: its key, and one double. */
function entry(name: string, value: number, parameter = 'score'): RclOverrides {
  return { name, parameters: [{ name: parameter, type: 3, value }] };
}

describe('matchesNode', () => {
  const matches = (node: string, ...keys: string[]): boolean[] => keys.map((key) => matchesNode(key, node));

  it('accepts full names, with or without the first slash', () => {
    assert.deepEqual(matches('/segment', '/segment', 'segment', '/segmen', '/segment2', 'x/segment'), [
      true,
      true,
      false,
      false,
      false,
    ]);
    assert.deepEqual(matches('/robot/segment', '/robot/segment', 'robot/segment', '/segment', 'segment'), [
      true,
      true,
      false,
      false,
    ]);
  });

  it('matches /* with one part and /** with any number', () => {
    const keys = [
      '/**',
      '**',
      '/**/segment',
      '/*/segment',
      '/*',
      '/*/*',
      '/robot/*',
      '/robot/**',
      '/robot/*/*',
    ];
    assert.deepEqual(matches('/segment', ...keys), [
      true,
      true,
      true,
      false,
      true,
      false,
      false,
      false,
      false,
    ]);
    assert.deepEqual(matches('/robot/segment', ...keys), [
      true,
      true,
      true,
      true,
      false,
      true,
      true,
      true,
      false,
    ]);
    assert.deepEqual(matches('/robot/left/segment', ...keys), [
      true,
      true,
      true,
      false,
      false,
      false,
      false,
      true,
      true,
    ]);
  });

  it('matches other characters literally, and throws for no pattern', () => {
    assert.deepEqual(matches('/segment', '/seg.ent', '/(segment)', '/segment|', '/***', '/+', '/[', ''), [
      false,
      false,
      false,
      false,
      false,
      false,
      false,
    ]);
  });
});

describe('overridesFor', () => {
  const score = (node: string, ...entries: RclOverrides[]): unknown =>
    overridesFor(node, entries).get('score')?.value;

  it('uses only parameters for the node', () => {
    assert.equal(score('/segment', entry('/other', 0.1)), undefined);
    assert.equal(score('/robot/segment', entry('/other', 0.1), entry('/robot/segment', 0.2)), 0.2);
  });

  it('lets later entries win', () => {
    assert.equal(score('/a/segment', entry('/a/segment', 0.1), entry('/**', 0.2)), 0.2);
    assert.equal(score('/a/segment', entry('/**', 0.2), entry('/a/segment', 0.1)), 0.1);
  });

  it('matches the bare name in any namespace, but prefers full names', () => {
    assert.equal(score('/a/b/segment', entry('segment', 0.3)), 0.3);
    assert.equal(score('/a/segment', entry('/**', 0.2), entry('segment', 0.3)), 0.2);
    assert.equal(score('/a/segment', entry('gment', 0.3)), undefined);
  });

  it('joins the parameters of several entries, with their types', () => {
    const found = overridesFor('/segment', [entry('/**', 0.4), entry('segment', 0.5, 'iou')]);
    assert.deepEqual(
      [...found],
      [
        ['iou', { name: 'iou', type: 3, value: 0.5 }],
        ['score', { name: 'score', type: 3, value: 0.4 }],
      ].sort(),
    );
  });
});
