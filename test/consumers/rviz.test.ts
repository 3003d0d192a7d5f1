import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { packageRoot } from '../../src/base/package-root.js';
import { Graph, SENSOR_DATA, withMessagesInstalled } from './graph.js';
import { HEADER, NAMES, PIXELS, SCENE } from './scene.js';

/** What rviz_default_plugins/Image shows (Humble, image/ros_image_texture.cpp). mono16 is gray, and black by eye for small numbers. */
const SHOWN = new Set(
  'rgb8 rgba8 8UC4 8SC4 bgra8 8UC3 8SC3 bgr8 8UC1 8SC1 mono8 16UC1 16SC1 mono16 32FC1 yuv422 yuv422_yuy2'.split(
    ' ',
  ),
);

const text = readFileSync(join(packageRoot, 'rviz/segment.rviz'), 'utf8');

/** The values of a key, in the order of the file. */
function valuesOf(key: string): string[] {
  return [...text.matchAll(new RegExp(`^\\s*(?:- )?${key}: (.*)$`, 'gm'))].map(([, value]) => value!.trim());
}

describe('rviz2 with the file of this package', () => {
  withMessagesInstalled();

  it('shows pictures in encodings that it supports, from topics that the node has', () => {
    const graph = new Graph(NAMES);
    const topics = valuesOf('Value').filter((value) => value.startsWith('/'));
    assert.deepEqual(topics.sort(), ['/segment/instance_picture', '/segment/overlay']);
    const seen: string[] = [];
    for (const topic of topics) {
      const { type } = graph.topics.get(topic) ?? { type: '' };
      // Another type would need a plugin of image_transport, without which rviz2 ends.
      assert.equal(type, 'sensor_msgs/msg/Image', topic);
      graph.subscribe<{ encoding: string }>(topic, type, SENSOR_DATA, ({ message: { encoding } }) => {
        assert.ok(SHOWN.has(encoding) && encoding !== 'mono16', `${topic}: ${encoding}`);
        seen.push(topic);
      });
    }
    graph.frame(HEADER, SCENE, PIXELS);
    assert.deepEqual(seen.sort(), topics, 'each display has a picture of the frame');
  });

  it('subscribes to raw images only', () => {
    assert.ok(!/compressed|theora/i.test(text.replace(/^\s*#.*$/gm, '')));
    const kinds = valuesOf('Class').filter((kind) => kind.startsWith('rviz_default_plugins/Image'));
    assert.ok(
      kinds.every((kind) => kind === 'rviz_default_plugins/Image'),
      kinds.join(),
    );
  });

  it('defines the layout of its window, with a dock for each display', () => {
    const state = valuesOf('QMainWindow State')[0]!;
    const bytes = Buffer.from(state, 'hex');
    assert.equal(bytes.toString('hex'), state, 'hexadecimal');
    // QMainWindow::saveState begins with a marker, 0xff, and its version.
    assert.equal(bytes.readUInt32BE(0), 0xff);
    for (const name of ['Overlay', 'Instances', 'Displays']) {
      // Qt writes its names in UTF-16, big-endian.
      const utf16 = Buffer.from(name, 'utf16le').swap16();
      assert.ok(bytes.includes(utf16), `${name} has a place`);
      assert.match(text, new RegExp(`^  ${name}:\\n    collapsed: false$`, 'm'));
    }
  });
});
