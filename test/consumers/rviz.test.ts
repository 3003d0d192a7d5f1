import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { packageRoot } from '../../src/base/package-root.js';
import { DEPTH_OUTPUTS } from '../../src/message/outputs.js';
import { messageType, shortName } from '../../src/message/message-type.js';
import { compatible, type Qos } from '../../src/message/qos.js';
import { Labels } from '../../src/message/write/labels.js';
import { frameOf } from './depth-frame.js';
import { DEFAULT_QOS, Graph, SENSOR_DATA, withMessagesInstalled } from './graph.js';
import { HEADER, NAMES, PIXELS, SCENE } from './scene.js';
import { readBack } from '../message/write/samples.js';

/** What rviz_default_plugins/Image shows (Humble, image/ros_image_texture.cpp). mono16 is gray, and black by eye for small numbers. */
const SHOWN = new Set(
  'rgb8 rgba8 8UC4 8SC4 bgra8 8UC3 8SC3 bgr8 8UC1 8SC1 mono8 16UC1 16SC1 mono16 32FC1 yuv422 yuv422_yuy2'.split(
    ' ',
  ),
);
/** What displays of rviz_default_plugins subscribe to. Image with another type would need a plugin of image_transport, without which rviz2 ends. */
const TYPES: Record<string, string> = {
  Image: 'sensor_msgs/msg/Image',
  PointCloud2: 'sensor_msgs/msg/PointCloud2',
  MarkerArray: 'visualization_msgs/msg/MarkerArray',
};
/** sensor_msgs/PointField */
const FLOAT32 = 7;

interface Shown {
  readonly kind: string;
  readonly name: string;
  readonly topic: string;
  readonly qos: Qos;
  /** Its part of the file. */
  readonly text: string;
}

class RvizFile {
  readonly text: string;

  constructor(name: string) {
    this.text = readFileSync(join(packageRoot, 'rviz', name), 'utf8');
  }

  /** The displays that have a topic. */
  get displays(): Shown[] {
    const [, displays] = /^ {2}Displays:\n((?: {4}.*\n)+)/m.exec(this.text)!;
    return displays!
      .split(/^ {4}- /m)
      .slice(1)
      .filter((text) => text.includes('Topic:'))
      .map((text) => ({
        kind: valueOf(text, 'Class').replace('rviz_default_plugins/', ''),
        name: valueOf(text, 'Name'),
        topic: /^ {8}Value: (.*)$/m.exec(text)![1]!,
        qos: {
          reliability: valueOf(text, 'Reliability Policy') === 'Reliable' ? 'reliable' : 'best_effort',
          durability: valueOf(text, 'Durability Policy') === 'Volatile' ? 'volatile' : 'transient_local',
          depth: Number(/^ {8}Depth: (.*)$/m.exec(text)![1]),
        },
        text,
      }));
  }
}

/** The first value of a key. */
function valueOf(text: string, key: string): string {
  return new RegExp(`^\\s*(?:- )?${key}: (.*)$`, 'm').exec(text)![1]!.trim();
}

/** Holds what is true of all files. */
function itOpens(file: RvizFile, docks: readonly string[]): void {
  it('subscribes to raw images only', () => {
    assert.ok(!/compressed|theora/i.test(file.text.replace(/^\s*#.*$/gm, '')));
  });

  it('defines the layout of its window, with a dock for each display', () => {
    const state = valueOf(file.text, 'QMainWindow State');
    const bytes = Buffer.from(state, 'hex');
    assert.equal(bytes.toString('hex'), state, 'hexadecimal');
    // QMainWindow::saveState begins with a marker, 0xff, and its version.
    assert.equal(bytes.readUInt32BE(0), 0xff);
    for (const name of docks) {
      // Qt writes its names in UTF-16, big-endian.
      const utf16 = Buffer.from(name, 'utf16le').swap16();
      assert.ok(bytes.includes(utf16), `${name} has a place`);
      assert.match(file.text, new RegExp(`^  ${name}:\\n    collapsed: false$`, 'm'));
    }
  });
}

/** Holds that each display of pictures has one that it supports of the same frame. */
function showsPictures(displays: readonly Shown[]): void {
  const graph = new Graph(NAMES);
  const seen: string[] = [];
  for (const { kind, topic, qos } of displays) {
    const { type } = graph.topics.get(topic) ?? { type: '' };
    assert.equal(type, TYPES[kind], topic);
    graph.subscribe<{ encoding: string }>(topic, type, qos, ({ message: { encoding } }) => {
      assert.ok(SHOWN.has(encoding) && encoding !== 'mono16', `${topic}: ${encoding}`);
      seen.push(topic);
    });
  }
  graph.frame(HEADER, SCENE, PIXELS);
  assert.deepEqual(seen.sort(), displays.map(({ topic }) => topic).sort(), 'each display has a picture');
}

describe('rviz2 with segment.rviz', () => {
  withMessagesInstalled();
  const file = new RvizFile('segment.rviz');
  itOpens(file, ['Overlay', 'Instances', 'Displays']);

  it('shows pictures in encodings that it supports, from topics that the node has', () => {
    const { displays } = file;
    assert.deepEqual(
      displays.map(({ kind, topic }) => `${kind} ${topic}`),
      ['Image /segment/overlay', 'Image /segment/instance_picture'],
    );
    for (const { qos } of displays) assert.deepEqual(qos.reliability, SENSOR_DATA.reliability);
    showsPictures(displays);
  });
});

describe('rviz2 with depth.rviz', () => {
  withMessagesInstalled();
  const file = new RvizFile('depth.rviz');
  const display = (kind: string): Shown => file.displays.find((one) => one.kind === kind)!;
  const content = frameOf('16UC1', SCENE);

  /** What a display receives. */
  function received<T>({ kind, topic, qos }: Shown): T {
    const row = DEPTH_OUTPUTS.find((one) => one.topic === topic.replace('/segment/', '~/'))!;
    assert.equal(row.type, TYPES[kind], topic);
    assert.ok(compatible(qos, row.qos), topic);
    const type = messageType(shortName(row.type));
    return readBack<T>(type, row.open(type, { labels: new Labels(NAMES) })(content));
  }

  itOpens(file, ['Overlay', 'Displays']);

  it('has a display for points, one for boxes and one for the overlay', () => {
    assert.deepEqual(
      file.displays.map(({ kind, topic }) => `${kind} ${topic}`),
      ['PointCloud2 /segment/points', 'MarkerArray /segment/markers', 'Image /segment/overlay'],
    );
    showsPictures(file.displays.filter(({ kind }) => kind === 'Image'));
  });

  it('colors points as the overlay does', () => {
    const points = display('PointCloud2');
    const { fields, header } = received<Cloud>(points);
    assert.equal(header.frame_id, HEADER.frameId);
    // Transformers of pointcloud/transformers: XYZ takes floats only, RGB8 a field rgb or rgba of 4 bytes.
    assert.equal(valueOf(points.text, 'Position Transformer'), 'XYZ');
    for (const name of ['x', 'y', 'z'])
      assert.equal(fields.find((field) => field.name === name)?.datatype, FLOAT32, name);
    assert.equal(valueOf(points.text, 'Color Transformer'), 'RGB8');
    assert.equal(fields.find(({ name }) => name === 'rgb')?.datatype, FLOAT32);
  });

  it('shows markers of the namespaces that its file turns on, without an error', () => {
    const boxes = display('MarkerArray');
    const { markers } = received<Markers>(boxes);
    assert.deepEqual(boxes.qos.reliability, DEFAULT_QOS.reliability, 'a lost one would leave old boxes');
    const shown = new Set<string>();
    const names = new Set<string>();
    for (const { ns, id, action, scale, color, pose, text } of markers) {
      // marker_common.cpp: two with the same namespace and id are an error.
      assert.ok(!names.has(`${ns} ${id}`), `${ns} ${id}`);
      names.add(`${ns} ${id}`);
      const { x, y, z, w } = pose.orientation;
      assert.ok(Math.abs(Math.hypot(x, y, z, w) - 1) < 1e-6, 'quaternions are normalized');
      if (action !== 0) continue;
      shown.add(ns);
      // markers/marker_base.cpp warns of scales of 0; movable_text.cpp sets spaces to scale.x.
      assert.ok(scale.x > 0 && scale.z > 0 && (text || scale.y > 0), `${ns} ${id}`);
      if (text) assert.ok(scale.x < scale.z, 'spaces are narrower than letters are high');
      assert.ok(color.a > 0);
    }
    assert.deepEqual(
      [...shown].sort(),
      [...boxes.text.matchAll(/^ {8}(\w+): true$/gm)].map(([, name]) => name),
    );
  });
});

interface Cloud {
  readonly header: { readonly frame_id: string };
  readonly fields: readonly { readonly name: string; readonly datatype: number }[];
}
interface Xyz {
  readonly x: number;
  readonly y: number;
  readonly z: number;
}
interface Markers {
  readonly markers: readonly {
    readonly ns: string;
    readonly id: number;
    readonly action: number;
    readonly scale: Xyz;
    readonly color: { readonly a: number };
    readonly pose: { readonly orientation: Xyz & { readonly w: number } };
    readonly text: string;
  }[];
}
