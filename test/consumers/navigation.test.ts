import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { DEFAULT_QOS, Graph, withMessagesInstalled } from './graph.js';
import { area, covers, HEADER, NAMES, NOTHING, SCENE, SIZE } from './scene.js';
import { INFO, MAP, type PerceptionInfo, type PerceptionTargets, TARGETS } from './tros-messages.js';

/**
 * TROS's navigation, ai_seg_mask_pointcloud_roi_extractor (README_en.md, src/callback.cpp @05341b2: classInfoCallback, parseSegmentationMask,
 * parseDetectionBoxes, parserDetectInfo, setDepthZeroByMask): cuts objects of some classes out of depth images. Retold here, and compared with
 * these functions line by line; what it does to its own masks (erosion, dilation) and to clouds is left out.
 *
 * - Subscribes to both topics reliable and volatile. The class names come once: it unsubscribes after the first message, and frames before
 *   that are skipped without a word.
 * - The map of classes has exactly width * height values, 0 or class id + 1, and lies over the whole picture, enlarged by nearest neighbor.
 *   Any other number is an error, after which it does as without a map.
 * - What is cut out is the map's classes within the boxes of all targets whose type is among the class names. Without a map that is all boxes.
 */
class Navigation {
  #ids: Map<string, number> | undefined;
  readonly errors: string[] = [];
  skipped = 0;
  /** 1 where depth is set to zero, of the last frame. */
  cut: Uint8Array | undefined;

  constructor(
    graph: Graph,
    private readonly classes: readonly string[],
    topic = '/hobot_dnn_detection',
  ) {
    graph.subscribe<PerceptionInfo>(`${topic}_info`, INFO, DEFAULT_QOS, ({ message }) => {
      this.#ids ??= new Map(message.class_names.map((name, id) => [name, id]));
    });
    graph.subscribe<PerceptionTargets>(topic, TARGETS, DEFAULT_QOS, ({ message }) => this.#frame(message));
  }

  #frame({ targets }: PerceptionTargets): void {
    this.cut = undefined;
    if (!this.#ids || this.#ids.size === 0) return void this.skipped++;
    const wanted = new Set(this.classes.map((name) => this.#ids!.get(name)! + 1));
    const boxes = new Uint8Array(SIZE.width * SIZE.height);
    for (const { type, rois } of targets) {
      if (type === MAP) continue;
      if (!this.#ids.has(type)) {
        this.errors.push(`Class '${type}' not found in class_names`);
        continue;
      }
      for (const { rect } of rois) {
        for (let y = rect.y_offset; y < rect.y_offset + rect.height; y++) {
          boxes.fill(1, y * SIZE.width + rect.x_offset, y * SIZE.width + rect.x_offset + rect.width);
        }
      }
    }
    this.cut = boxes;
    const map = targets.find(({ type }) => type === MAP)?.captures[0];
    if (!map) return;
    const cells = map.img.width * map.img.height;
    if (map.features.length !== cells) {
      return void this.errors.push(`features size(${map.features.length}) != image size(${cells})`);
    }
    const { width, height } = map.img;
    for (let at = 0; at < boxes.length; at++) {
      const column = Math.floor(((at % SIZE.width) * width) / SIZE.width);
      const row = Math.floor((Math.floor(at / SIZE.width) * height) / SIZE.height);
      if (!wanted.has(map.features[row * width + column]!)) boxes[at] = 0;
    }
  }
}

describe("TROS's navigation", () => {
  withMessagesInstalled();

  const people = SCENE.instances.filter(({ classId }) => classId === 0);
  const count = (cut: Uint8Array): number => cut.reduce((sum, value) => sum + value, 0);

  it('removes people from its depth, and nothing else, with or without outlines in tros_masks', () => {
    for (const masks of [undefined, 'both', 'semantic_map'] as const) {
      const graph = new Graph(NAMES, masks && { tros_masks: masks });
      const navigation = new Navigation(graph, ['person']);
      graph.second();
      graph.frame(HEADER, SCENE);
      assert.deepEqual([navigation.errors, navigation.skipped], [[], 0]);
      const cut = navigation.cut!;
      const wanted = people.reduce((sum, { mask }) => sum + area(mask), 0);
      assert.ok(Math.abs(count(cut) / wanted - 1) < 0.05, `${count(cut)} of ${wanted} pixels`);
      const wrong = cut.filter((value, at) => {
        const [x, y] = [at % SIZE.width, Math.floor(at / SIZE.width)];
        return (value === 1) !== people.some(({ mask }) => covers(mask, x, y));
      }).length;
      assert.ok(wrong < 0.05 * wanted, `${wrong} pixels are wrong`);
    }
  });

  it('gets the class names although it starts after the model, and again after a change of model', () => {
    const graph = new Graph(NAMES);
    const early = new Navigation(graph, ['person']);
    graph.frame(HEADER, SCENE);
    assert.equal(early.skipped, 1, 'it came after the names were said, and volatile');
    graph.second();
    graph.frame(HEADER, SCENE);
    assert.equal(early.skipped, 1);
    graph.load(['cat', ...NAMES]);
    const late = new Navigation(graph, ['person']);
    graph.load(NAMES);
    graph.frame(HEADER, SCENE);
    assert.deepEqual([late.skipped, late.errors], [0, []], 'a model that is loaded is told at once');
  });

  it('gets them on the topic that parameter tros_topic names', () => {
    const graph = new Graph(NAMES, { tros_topic: 'robot/results' });
    const navigation = new Navigation(graph, ['person'], '/robot/results');
    graph.second();
    graph.frame(HEADER, SCENE);
    assert.ok(navigation.cut && count(navigation.cut) > 0);
    const none = [...new Graph(NAMES, { tros_topic: '' }).topics.values()];
    assert.ok(!none.some(({ type }) => type.startsWith('ai_msgs')));
  });

  it('removes whole boxes, of all classes, if tros_masks has no map', () => {
    for (const masks of ['polygons', 'none'] as const) {
      const graph = new Graph(NAMES, { tros_masks: masks });
      const navigation = new Navigation(graph, ['person']);
      graph.second();
      graph.frame(HEADER, SCENE);
      const boxes = SCENE.instances.reduce((sum, { mask: { width, height } }) => sum + width * height, 0);
      assert.equal(count(navigation.cut!), boxes, 'the boxes of the scene do not overlap');
    }
  });

  it('keeps all depth of an empty picture', () => {
    const graph = new Graph(NAMES);
    const navigation = new Navigation(graph, ['person']);
    graph.second();
    graph.frame(HEADER, NOTHING);
    assert.deepEqual([count(navigation.cut!), navigation.errors], [0, []]);
  });

  it('finds its classes although rois have types of their own', () => {
    const graph = new Graph(NAMES, { tros_types: ['person=body'] });
    const navigation = new Navigation(graph, ['person']);
    graph.second();
    graph.frame(HEADER, SCENE);
    assert.deepEqual(navigation.errors, []);
    assert.ok(count(navigation.cut!) > 0);
  });
});
