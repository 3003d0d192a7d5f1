import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { DEFAULT_QOS, Graph, withMessagesInstalled } from './graph.js';
import { HEADER, NAMES, SCENE } from './scene.js';
import { type PerceptionTargets, TARGETS } from './tros-messages.js';

/**
 * TROS's body_tracking and what else was written for mono2d_body_detection: rois of types body, head, face and hand are looked at, others
 * are not. (It also needs track ids, which this node does not give yet.)
 */
function bodies(graph: Graph): string[] {
  const found: string[] = [];
  graph.subscribe<PerceptionTargets>('/hobot_dnn_detection', TARGETS, DEFAULT_QOS, ({ message }) => {
    for (const { type, rois } of message.targets) {
      for (const { type: part, rect } of rois) if (part === 'body') found.push(`${type} ${rect.x_offset}`);
    }
  });
  return found;
}

describe('a reader of rois of bodies', () => {
  withMessagesInstalled();

  it('finds people by tros_types, and none without', () => {
    const plain = new Graph(NAMES);
    const none = bodies(plain);
    plain.frame(HEADER, SCENE);
    assert.deepEqual(none, []);
    const graph = new Graph(NAMES, { tros_types: ['person=body', 'Möwe = hand'] });
    const found = bodies(graph);
    graph.frame(HEADER, SCENE);
    assert.deepEqual(found, ['person 0', 'person 140', 'person 560', 'person 420']);
  });

  it('is told what is wrong with tros_types', () => {
    for (const [pair, reason] of [
      ['person', /CLASS=TYPE for parameter tros_types but received person\. For example person=body/],
      ['person=', /CLASS=TYPE/],
      ['unicorn=body', /a class name or id of the model for parameter tros_types but received unicorn/],
    ] as const) {
      assert.throws(() => new Graph(NAMES, { tros_types: [pair] }), reason);
    }
  });
});
