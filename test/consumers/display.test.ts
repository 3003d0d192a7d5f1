import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { DEFAULT_QOS, Graph, withMessagesInstalled } from './graph.js';
import { HEADER, NAMES, NOTHING, SCENE } from './scene.js';
import { MAP, type PerceptionTargets, TARGETS } from './tros-messages.js';

/**
 * TROS's display, hobot_hdmi (src/x5/image_display_node.cpp @774ac29, src/plugin_framework.cpp @1dc60a0; its
 * functions Run, DisplayFrame, CheckScale, RenderSeg and RenderDet are retold here without their drawing, and were compared line by line): listens on /hobot_detection, pairs pictures and
 * results by equal stamps, and reads the first roi of each target without looking whether there is one.
 *
 * Its canvas has 1920 x 1080 pixels; boxes are scaled to that only if some target's first roi is a body. For pictures of just that size it
 * does not set the factor, which it uses all the same then.
 */
class Display {
  readonly boxes: string[][] = [];
  /** Values of the map that covers the picture, of the last frame. */
  map: number | undefined;

  constructor(graph: Graph, width: number) {
    graph.subscribe<PerceptionTargets>(
      '/hobot_detection',
      TARGETS,
      DEFAULT_QOS,
      ({ message: { targets } }) => {
        const first = targets.map(({ type, rois }) => {
          assert.ok(rois[0], `rois[0] of ${type} is memory of others`);
          return rois[0];
        });
        const scaled = first.some(({ type }) => type === 'body');
        assert.ok(!scaled || width !== 1920, 'the factor is memory of others');
        const scale = scaled ? 1920 / width : 1;
        this.map = targets.find(({ captures }) => captures.length > 0)?.captures[0]!.features.length;
        this.boxes.push(
          first.map(
            ({ type, rect }, i) => `${type || targets[i]!.type} ${Math.floor(rect.x_offset * scale)}`,
          ),
        );
      },
    );
  }
}

/** What much user code does with PerceptionTargets: it follows the first target, if there is one. */
class Follower {
  readonly followed: (string | undefined)[] = [];

  constructor(graph: Graph) {
    graph.subscribe<PerceptionTargets>('/hobot_dnn_detection', TARGETS, DEFAULT_QOS, ({ message }) => {
      for (const { rois } of message.targets) assert.ok(rois[0]!.rect.x_offset >= 0);
      this.followed.push(message.targets[0]?.rois[0]?.type);
    });
  }
}

describe("TROS's display", () => {
  withMessagesInstalled();

  it('reads the first roi of each target, including the map', () => {
    for (const masks of ['both', 'semantic_map', 'polygons', 'none'] as const) {
      const graph = new Graph(NAMES, { tros_topic: '/hobot_detection', tros_masks: masks });
      const display = new Display(graph, 640);
      graph.frame(HEADER, SCENE);
      graph.frame(HEADER, NOTHING);
      const withMap = masks === 'both' || masks === 'semantic_map';
      assert.equal(display.boxes[0]!.length, SCENE.instances.length + Number(withMap));
      assert.deepEqual(display.boxes[1], masks === 'semantic_map' ? [`${MAP} 0`] : []);
      assert.equal(display.boxes[0]![2], 'car 260');
    }
  });

  it('scales boxes to the screen if persons have the type body', () => {
    const graph = new Graph(NAMES, {
      ...{ tros_topic: '/hobot_detection', tros_masks: 'polygons', tros_types: ['person=body'] },
    });
    const display = new Display(graph, 640);
    graph.frame(HEADER, SCENE);
    assert.equal(display.boxes[0]![2], 'car 780');
    assert.equal(display.map, undefined, 'the camera is seen');
  });

  it('needs no bodies for pictures of the size of the screen', () => {
    const graph = new Graph(NAMES, { tros_topic: '/hobot_detection', tros_masks: 'polygons' });
    const display = new Display(graph, 1920);
    graph.frame(HEADER, SCENE);
    assert.equal(display.boxes[0]![2], 'car 260');
    const wrong = new Graph(NAMES, { tros_topic: '/hobot_detection', tros_types: ['person=body'] });
    new Display(wrong, 1920);
    assert.throws(() => wrong.frame(HEADER, SCENE), /memory of others/, 'docs/ros.md says so');
  });
});

describe('a follower of the first target', () => {
  withMessagesInstalled();

  it('follows the best instance, and nothing in an empty picture', () => {
    const graph = new Graph(NAMES);
    const follower = new Follower(graph);
    graph.frame(HEADER, SCENE);
    graph.frame(HEADER, NOTHING);
    assert.deepEqual(follower.followed, ['person', undefined]);
  });
});
