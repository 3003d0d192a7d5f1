import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { BagSource } from '../../../src/message/bag/bag-source.js';
import type { BagDepthOptions } from '../../../src/message/bag/bag-depth.js';
import { messageType } from '../../../src/message/message-type.js';
import { CameraInfoWriter } from '../../../src/message/write/camera-info.js';
import { CdrEncoder, cdrText } from '../../../src/message/write/cdr-encoder.js';
import { ImageWriter } from '../../../src/message/write/image.js';
import { temporaryFolder } from '../../temporary-folder.js';
import { mcap, type TestMessage } from './bags.js';

const folder = temporaryFolder('bag-depth');
const CAMERA = { width: 4, height: 2, fx: 5, fy: 5, cx: 2, cy: 1 };
const OPTIONS: BagDepthOptions = {
  ...{ topic: '/depth/image', depthInfo: ['/depth/camera_info'], colorInfo: ['/color/camera_info'] },
  ...{ registration: 'auto', tolerance: 20, colorTopic: '/color/image', distortion: 'auto' },
};
const COLOR = { width: 4, height: 2 };

function header(
  milliseconds: number,
  frameId: string,
): { stamp: { sec: number; nanosec: number }; frameId: string } {
  return { stamp: { sec: 1, nanosec: 1e6 * milliseconds }, frameId };
}

function at(milliseconds: number, topic: string, type: string, cdr: Uint8Array): TestMessage {
  return { topic, type, cdr: Uint8Array.from(cdr), logTime: BigInt(1_000_000_000 + 1e6 * milliseconds) };
}

/** Images each 30 ms, depth 10 ms later whose first value is its own time; frames of color and depth as given. */
async function bag(
  name: string,
  frames: readonly [color: string, depth: string],
  more: TestMessage[] = [],
): Promise<BagSource> {
  const messages: TestMessage[] = [...more];
  for (let time = 0; time < 150; time += 30) {
    const color = new ImageWriter().write(
      header(time, frames[0]),
      { ...COLOR, encoding: 'mono8', step: 4 },
      new Uint8Array(8),
    );
    messages.push(at(time, '/color/image', 'sensor_msgs/Image', color));
    if (time === 90) continue;
    const pixels = new Uint8Array(Uint16Array.of(1000 + time, 1, 2, 3, 4, 5, 6, 7).buffer);
    const layout = { ...COLOR, encoding: '16UC1', step: 8 };
    const depth = new ImageWriter().write(header(time + 10, frames[1]), layout, pixels);
    messages.push(at(time + 10, '/depth/image', 'sensor_msgs/Image', depth));
    const info = new CameraInfoWriter().write(header(time + 10, frames[1]), CAMERA);
    messages.push(at(time + 10, '/depth/camera_info', 'sensor_msgs/CameraInfo', info));
  }
  const file = join(folder, name);
  writeFileSync(file, await mcap(messages.sort((a, b) => (a.logTime < b.logTime ? -1 : 1))));
  return BagSource.open(file, { topic: '/color/image' });
}

function tf(topic: string, parent: string, child: string, x: number, time: number): TestMessage {
  const cdr = new CdrEncoder<object>(messageType('tf2_msgs/TFMessage')).write({
    transforms: [
      {
        header: { stamp: header(time, '').stamp, frame_id: cdrText(parent) },
        child_frame_id: cdrText(child),
        transform: { translation: { x, y: 0, z: 0 }, rotation: { x: 0, y: 0, z: 0, w: 1 } },
      },
    ],
  });
  return at(time, topic, 'tf2_msgs/TFMessage', cdr);
}

describe('BagDepth', () => {
  it('gives each frame the nearest depth picture, or none if it is missing', async () => {
    const depth = await (await bag('plain.mcap', ['left', 'left'])).depth(OPTIONS);
    const found: (number | undefined)[] = [];
    for (let time = 0; time < 150; time += 30) {
      const sample = await depth.sampleOf(header(time, 'left'), COLOR);
      found.push(sample?.frame.depth.data[0]);
      if (sample) {
        assert.deepEqual(sample.camera, CAMERA);
        assert.equal(sample.registration.kind, 'registered');
        assert.deepEqual(sample.frame.stamp, header(time === 90 ? 70 : time + 10, '').stamp);
      }
    }
    await depth.close();
    // At 90 ms the nearest is that of 70 ms, which is as far as the tolerance reaches.
    assert.deepEqual(found, [1000, 1030, 1060, 1060, 1120]);
  });

  it('projects with the transforms of the bag', async () => {
    const color = at(
      0,
      '/color/camera_info',
      'sensor_msgs/CameraInfo',
      new CameraInfoWriter().write(header(0, 'left'), CAMERA),
    );
    const tree = [
      tf('/tf_static', 'base', 'left', 0, 0),
      // A damaged message takes nothing from the others.
      at(0, '/tf', 'tf2_msgs/TFMessage', new Uint8Array([0, 1, 0, 0, 9, 0, 0, 0, 1])),
      ...[0, 50, 200].map((time) => tf('/tf', 'base', 'tof', time / 1000, time)),
    ];
    const source = await bag('tf.mcap', ['left', 'tof'], [color, ...tree]);
    const depth = await source.depth({ ...OPTIONS, upFrame: 'base' });
    const sample = await depth.sampleOf(header(0, 'left'), COLOR);
    assert.ok(sample?.registration.kind === 'projected');
    assert.ok(Math.abs(sample.registration.toColor.x - 0.01) < 1e-9, 'at 10 ms');
    assert.deepEqual(sample.registration.color, CAMERA);
    assert.deepEqual(sample.up, { x: 0, y: 0, z: 1 });
    await depth.close();
  });

  it('refuses bags that lack topics, and names these', async () => {
    const source = await bag('missing.mcap', ['left', 'tof']);
    const refused = async (options: Partial<BagDepthOptions>, message: RegExp): Promise<void> => {
      await assert.rejects(async () => {
        const depth = await source.depth({ ...OPTIONS, ...options });
        await depth.sampleOf(header(0, 'left'), COLOR).finally(() => depth.close());
      }, message);
    };
    await refused(
      { topic: '/depth' },
      /depth pictures .* on \/depth in .*no such topic; images are on \/color\/image, \/depth\/image/,
    );
    await refused({ topic: '/depth/camera_info' }, /received sensor_msgs\/msg\/CameraInfo there/);
    await refused(
      { depthInfo: ['/none'] },
      /CameraInfo on \/none but received none in the bag. Name its topic with --depth-info/,
    );
    await refused({}, /color camera's intrinsics.*frame_ids tof and left/);
    await refused(
      { colorInfo: ['/depth/camera_info'] },
      /the transform from the depth camera to the color camera/,
    );
  });
});
