import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { Segmentation } from '../../src/vision/mask/segmentation.js';
import { DEFAULT_QOS, Graph, withMessagesInstalled } from './graph.js';
import { HEADER, NAMES, NOTHING, SCENE } from './scene.js';
import { type PerceptionTargets, type Target, TARGETS } from './tros-messages.js';

/**
 * TROS's body_tracking (src/body_tracking.cpp, ProcessSmart, without gestures): looks at targets with a roi of type `body` only, takes a
 * large one, and follows the target of the same track id, until there is none. Then it takes another.
 */
class BodyTracking {
  readonly followed: (string | undefined)[] = [];
  #trackId: bigint | undefined;

  constructor(graph: Graph) {
    graph.subscribe<PerceptionTargets>('/hobot_dnn_detection', TARGETS, DEFAULT_QOS, ({ message }) => {
      const bodies = message.targets.flatMap((target) => {
        const body = target.rois.find(({ type }) => type === 'body');
        return body ? [{ target, rect: body.rect }] : [];
      });
      let found = bodies.find(({ target }) => target.track_id === this.#trackId);
      if (this.#trackId === undefined) {
        for (const body of bodies) if (!found || found.rect.width < body.rect.width) found = body;
      }
      this.#trackId = found?.target.track_id;
      this.followed.push(found && nameOf(found.target));
    });
  }
}

const nameOf = ({ type, rois }: Target): string => `${type} ${rois[0]!.rect.x_offset}`;

describe("TROS's body_tracking", () => {
  withMessagesInstalled();

  /** The ids that tracking gives, whatever the order of scores. */
  const tracked = (instances: Segmentation['instances']): Segmentation => ({
    ...SCENE,
    instances: instances.map((instance) => ({
      ...instance,
      trackId: 7 + SCENE.instances.findIndex(({ mask }) => mask === instance.mask),
    })),
  });

  it('follows one person with tros_types and tracking, whoever has the best score', () => {
    const graph = new Graph(NAMES, { tros_types: ['person=body', 'Möwe = hand'] });
    const tracking = new BodyTracking(graph);
    const { instances } = SCENE;
    graph.frame(HEADER, tracked(instances));
    graph.frame(HEADER, tracked([...instances].reverse()));
    graph.frame(HEADER, tracked([instances[3]!, instances[1]!]));
    graph.frame(HEADER, NOTHING);
    graph.frame(HEADER, tracked([instances[3]!, instances[2]!]));
    const widest = 'person 140';
    assert.deepEqual(tracking.followed, [widest, widest, widest, undefined, 'person 560']);
  });

  it('cannot distinguish people without tracking, and finds none without tros_types', () => {
    const untracked = new Graph(NAMES, { tros_types: ['person=body'] });
    const tracking = new BodyTracking(untracked);
    untracked.frame(HEADER, SCENE);
    untracked.frame(HEADER, { ...SCENE, instances: [...SCENE.instances].reverse() });
    assert.notEqual(tracking.followed[0], tracking.followed[1], 'all have the id 0');
    const plain = new Graph(NAMES);
    const none = new BodyTracking(plain);
    plain.frame(HEADER, SCENE);
    assert.deepEqual(none.followed, [undefined]);
  });

  it('gets an error for invalid tros_types', () => {
    for (const [pair, reason] of [
      ['person', /CLASS=TYPE for parameter tros_types but received person\. For example person=body/],
      ['person=', /CLASS=TYPE/],
      ['unicorn=body', /a class name or id of the model for parameter tros_types but received unicorn/],
    ] as const) {
      assert.throws(() => new Graph(NAMES, { tros_types: [pair] }), reason);
    }
  });
});
