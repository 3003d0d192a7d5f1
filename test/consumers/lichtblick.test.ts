import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { packageRoot } from '../../src/base/package-root.js';
import { DEFAULT_QOS, Graph, withMessagesInstalled } from './graph.js';
import { HEADER, NAMES, NOTHING, PIXELS, SCENE } from './scene.js';

/** Raw images that Lichtblick's image panel shows (ThreeDeeRender/renderables/Images/decodeImage.ts): nv12 is not among them. */
const SHOWN = new Set(
  (
    'yuv422 uyvy yuv422_yuy2 yuyv rgb8 rgba8 bgra8 bgr8 8UC3 32FC1 bayer_rggb8 bayer_bggr8 bayer_gbrg8 bayer_grbg8 ' +
    'mono8 8UC1 mono16 16UC1'
  ).split(' '),
);
/** Of foxglove_msgs/PointsAnnotation, by number (annotations/normalizeAnnotations.ts). */
const STYLES: Readonly<Record<number, string>> = {
  0: 'points',
  1: 'points',
  2: 'polygon',
  3: 'line strip',
  4: 'lines',
};

interface Color {
  readonly r: number;
  readonly g: number;
  readonly b: number;
  readonly a: number;
}

interface Annotations {
  readonly points: readonly {
    readonly type: number;
    readonly timestamp: unknown;
    readonly points: readonly { readonly x: number; readonly y: number }[];
    readonly outline_color: Color;
    readonly thickness: number;
  }[];
  readonly texts: readonly {
    readonly timestamp: unknown;
    readonly text: string;
    readonly font_size: number;
    readonly text_color: Color;
  }[];
}

interface Panel {
  readonly foxglovePanelTitle?: string;
  readonly lichtblickPanelTitle?: string;
  readonly imageMode?: {
    readonly imageTopic: string;
    readonly annotations?: object;
    readonly colorMode?: string;
    readonly colorMap?: string;
  };
  readonly topicToRender?: string;
  /** Of tables. */
  readonly topicPath?: string;
  /** Of plots. */
  readonly paths?: readonly { readonly value: string }[];
}

interface Layout {
  readonly configById: Readonly<Record<string, Panel>>;
  readonly layout: unknown;
}

const layout = JSON.parse(readFileSync(join(packageRoot, 'rviz/foxglove.json'), 'utf8')) as Layout;
/** Types of panels (panels/index.ts); a panel's id is its type, and something after an exclamation mark. */
const KINDS = ['Image', 'Plot', 'DiagnosticSummary', 'Table'];

/** The values at the end of a message path: fields, `[:]` for all items of a list. */
function valuesAt(message: unknown, path: readonly string[]): unknown[] {
  const [step, ...rest] = path;
  if (step === undefined) return [message];
  if (step === '[:]') return (message as unknown[]).flatMap((item) => valuesAt(item, rest));
  const found = (message as Record<string, unknown>)[step];
  assert.notEqual(found, undefined, `a field ${step}`);
  return valuesAt(found, rest);
}

/**
 * An image panel that synchronizes (ImageMode/MessageHandler.ts): shows the newest picture for which it has annotations of the same stamp.
 * The stamps are those of the single annotations: a message without any has none.
 */
class SynchronizedImages {
  /** Seconds of the pictures that were shown. */
  readonly shown: number[] = [];
  #picture: number | undefined;

  constructor(graph: Graph) {
    graph.subscribe<Annotations>(
      '/segment/annotations',
      'foxglove_msgs/msg/ImageAnnotations',
      DEFAULT_QOS,
      ({ message: { points, texts } }) => {
        const stamps = [...points, ...texts].map(({ timestamp }) => timestamp as { sec: number });
        if (stamps.some(({ sec }) => sec === this.#picture)) this.shown.push(this.#picture!);
      },
    );
  }

  picture(sec: number): void {
    this.#picture = sec;
  }
}

/** The panels of Foxglove and Lichtblick, its open fork. */
describe('Foxglove and Lichtblick', () => {
  withMessagesInstalled();

  it('show each raw image that the node publishes', () => {
    const graph = new Graph(NAMES);
    const seen: string[] = [];
    for (const [topic, { type }] of graph.topics) {
      if (type !== 'sensor_msgs/msg/Image') continue;
      graph.subscribe<{ encoding: string; step: number; height: number; data: Uint8Array }>(
        topic,
        type,
        DEFAULT_QOS,
        ({ message: { encoding, step, height, data } }) => {
          assert.ok(SHOWN.has(encoding), `${topic}: ${encoding}`);
          assert.equal(data.length, step * height, topic);
          seen.push(topic);
        },
      );
    }
    graph.frame(HEADER, SCENE, PIXELS);
    assert.deepEqual(seen.sort(), [
      '/segment/class_map',
      '/segment/confidence',
      '/segment/instance_map',
      '/segment/instance_picture',
      '/segment/overlay',
    ]);
  });

  it('draw the outlines and names of a frame on the picture with its stamp, within the picture', () => {
    const graph = new Graph(NAMES);
    const heard: Annotations[] = [];
    graph.subscribe<Annotations>(
      '/segment/annotations',
      'foxglove_msgs/msg/ImageAnnotations',
      DEFAULT_QOS,
      ({ message }) => void heard.push(message),
    );
    graph.frame(HEADER, SCENE);
    graph.frame(HEADER, NOTHING);
    const [first, empty] = heard;
    const polygons = first!.points.filter(({ type }) => STYLES[type] === 'polygon');
    assert.ok(polygons.length >= SCENE.instances.length);
    for (const { timestamp, points, outline_color: color, thickness } of first!.points) {
      assert.deepEqual(timestamp, HEADER.stamp, 'annotations are joined with pictures by their own stamps');
      assert.ok(
        thickness > 0 && color.a > 0 && [color.r, color.g, color.b].every((part) => part >= 0 && part <= 1),
      );
      for (const { x, y } of points) assert.ok(x >= 0 && y >= 0 && x <= 640 && y <= 352, `${x},${y}`);
    }
    assert.equal(first!.texts.length, SCENE.instances.length);
    for (const { timestamp, text, font_size: size, text_color: color } of first!.texts) {
      assert.deepEqual(timestamp, HEADER.stamp);
      assert.ok(text !== '' && size > 0 && color.a === 1);
    }
    assert.deepEqual(empty!.texts, []);
    assert.ok(
      empty!.points.every(({ points }) => points.length === 0),
      'nothing stays on the picture',
    );
  });

  it('advance to each picture when they synchronize it with annotations, also without instances', () => {
    const graph = new Graph(NAMES);
    const panel = new SynchronizedImages(graph);
    for (const [sec, segmentation] of [SCENE, NOTHING, NOTHING, SCENE, NOTHING].entries()) {
      panel.picture(sec);
      graph.frame({ stamp: { sec, nanosec: 1 }, frameId: '' }, segmentation);
    }
    assert.deepEqual(panel.shown, [0, 1, 2, 3, 4]);
  });

  it('find all topics of the layout', () => {
    const graph = new Graph(NAMES);
    const panels = Object.values(layout.configById);
    const topics = panels.flatMap(({ imageMode, topicToRender }) => [
      ...(imageMode ? [imageMode.imageTopic, ...Object.keys(imageMode.annotations ?? {})] : []),
      ...(topicToRender === undefined ? [] : [topicToRender]),
    ]);
    const others = topics.filter((topic) => !graph.topics.has(topic));
    assert.deepEqual(others.sort(), ['/diagnostics', '/image/compressed']);
  });

  it('plot and list fields that the messages have', () => {
    const graph = new Graph(NAMES);
    const panels = Object.values(layout.configById);
    const wanted = panels.flatMap(({ paths = [], topicPath }) => [
      ...paths.map(({ value }) => ({ path: value, plotted: true })),
      ...(topicPath === undefined ? [] : [{ path: topicPath, plotted: false }]),
    ]);
    assert.equal(wanted.length, 5);
    const seen: string[] = [];
    for (const { path, plotted } of wanted) {
      const [, topic, fields] = /^(\/[\w/]+)\.(.+)$/.exec(path)!;
      const { type } = graph.topics.get(topic!)!;
      graph.subscribe<unknown>(topic!, type, DEFAULT_QOS, ({ message }) => {
        const values = valuesAt(message, fields!.match(/\w+|\[:\]/g)!);
        assert.ok(
          values.length > 0 && (!plotted || values.every((value) => typeof value === 'number')),
          path,
        );
        seen.push(path);
      });
    }
    graph.frame(HEADER, SCENE);
    assert.deepEqual(seen.sort(), wanted.map(({ path }) => path).sort());
  });

  it('support each panel and its settings, with a title in both programs', () => {
    const placed = JSON.stringify(layout.layout).match(/\w+!\w+/g)!;
    assert.deepEqual(placed.sort(), Object.keys(layout.configById).sort());
    for (const [id, panel] of Object.entries(layout.configById)) {
      assert.ok(KINDS.includes(id.split('!')[0]!), id);
      assert.equal(panel.foxglovePanelTitle, panel.lichtblickPanelTitle, id);
      const { colorMode, colorMap } = panel.imageMode ?? {};
      assert.ok(colorMode === undefined || colorMode === 'colormap' || colorMode === 'gradient', colorMode);
      assert.ok(colorMap === undefined || colorMap === 'turbo' || colorMap === 'rainbow', colorMap);
    }
  });
});
