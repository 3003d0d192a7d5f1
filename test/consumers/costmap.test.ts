import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { SegmentParameters } from '../../src/parameters/segment.js';
import { Graph, LATCHED, SENSOR_DATA, withMessagesInstalled } from './graph.js';
import { covers, HEADER, NAMES, NOTHING, SCENE, SIZE } from './scene.js';

const IMAGE = 'sensor_msgs/msg/Image';

interface Image {
  readonly header: { readonly stamp: { readonly sec: number; readonly nanosec: number } };
  readonly width: number;
  readonly height: number;
  readonly encoding: string;
  readonly step: number;
  readonly data: Uint8Array;
}

interface LabelInfo {
  readonly class_map: readonly { readonly class_id: number; readonly class_name: string }[];
}

/**
 * The costmap of nav2's tutorials, kiwicampus/semantic_segmentation_layer (src/segmentation_buffer.cpp, semantic_segmentation_layer.cpp).
 *
 * - Class map and confidence by sensor data QoS, the label table reliable and transient local. Both pictures and the cloud are joined by equal
 *   stamps.
 * - Pixel v * width + u is a class id, whatever encoding and step say, and belongs to the point of that number in an organized cloud.
 * - Ids that are not in the label table are skipped. Each class in it that the costmap has no cost for is a critical error.
 */
class Costmap {
  readonly errors: string[] = [];
  /** Pixels by class name, of the last frame. */
  marked = new Map<string, number[]>();
  readonly #ids = new Map<number, string>();
  #classes: Image | undefined;
  #confidence: Image | undefined;

  constructor(
    graph: Graph,
    costs: readonly string[],
    private readonly cloud: { readonly width: number; readonly height: number } = SIZE,
    topic = '/segment/class_map',
  ) {
    graph.subscribe<LabelInfo>('/segment/label_info', 'vision_msgs/msg/LabelInfo', LATCHED, ({ message }) => {
      this.#ids.clear();
      for (const { class_id: id, class_name: name } of message.class_map) {
        if (costs.includes(name)) this.#ids.set(id, name);
        else this.errors.push(`CRITICAL ERROR: Class '${name}'`);
      }
    });
    graph.subscribe<Image>(topic, IMAGE, SENSOR_DATA, ({ message }) => {
      this.#classes = message;
      this.#join();
    });
    graph.subscribe<Image>('/segment/confidence', IMAGE, SENSOR_DATA, ({ message }) => {
      this.#confidence = message;
      this.#join();
    });
  }

  #join(): void {
    const [classes, confidence] = [this.#classes, this.#confidence];
    if (!classes || !confidence) return;
    this.#classes = this.#confidence = undefined;
    assert.deepEqual(confidence.header, classes.header);
    for (const { width, height, encoding, step, data } of [classes, confidence]) {
      const { width: columns, height: rows } = this.cloud;
      assert.deepEqual([width, height, encoding, step], [columns, rows, 'mono8', columns]);
      assert.equal(data.length, columns * rows);
    }
    this.marked = new Map();
    for (const [at, id] of classes.data.entries()) {
      const name = this.#ids.get(id);
      if (name === undefined) continue;
      assert.ok(confidence.data[at]! > 0, 'sure of what it shows');
      if (!this.marked.has(name)) this.marked.set(name, []);
      this.marked.get(name)!.push(at);
    }
  }
}

describe("nav2's costmap of classes", () => {
  withMessagesInstalled();

  const open = (set: Partial<SegmentParameters>, costs: readonly string[]): [Graph, Costmap] => {
    const graph = new Graph(NAMES, set);
    return [graph, new Costmap(graph, costs)];
  };

  it('marks each class where it is, and nothing else', () => {
    const [graph, costmap] = open({ classes: ['person', 'car'] }, ['person', 'car']);
    graph.frame(HEADER, SCENE);
    assert.deepEqual(costmap.errors, []);
    assert.deepEqual([...costmap.marked.keys()].sort(), ['car', 'person']);
    for (const [name, id] of [
      ['person', 0],
      ['car', 2],
    ] as const) {
      const marked = new Set(costmap.marked.get(name));
      for (let at = 0; at < SIZE.width * SIZE.height; at++) {
        const [x, y] = [at % SIZE.width, Math.floor(at / SIZE.width)];
        const there = SCENE.instances.some(({ classId, mask }) => classId === id && covers(mask, x, y));
        assert.equal(marked.has(at), there, `${name} at ${x},${y}`);
      }
    }
    graph.frame(HEADER, NOTHING);
    assert.equal(costmap.marked.size, 0);
  });

  it('lists only the requested classes, so that each has a cost', () => {
    const [, all] = open({}, ['person']);
    assert.equal(all.errors.length, NAMES.length - 1, 'all classes are listed where all are asked for');
    const [, one] = open({ classes: ['person'] }, ['person']);
    assert.deepEqual(one.errors, []);
  });

  it('matches a cloud of another size', () => {
    for (const [text, cloud] of [
      ['320x176', { width: 320, height: 176 }],
      ['masks', SIZE],
    ] as const) {
      const graph = new Graph(NAMES, { classes: ['person'], class_map_size: text });
      const costmap = new Costmap(graph, ['person'], cloud);
      graph.frame(HEADER, SCENE);
      assert.ok(costmap.marked.get('person')!.length > 0.05 * cloud.width * cloud.height);
    }
  });

  it('does not get the instance map by mistake', () => {
    const graph = new Graph(NAMES, { classes: ['person'] });
    new Costmap(graph, ['person'], SIZE, '/segment/instance_map');
    assert.throws(() => graph.frame(HEADER, SCENE), /mono16/, 'what is wrong with it is seen here only');
  });
});
