import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { SceneSource, SCENE_EPOCH } from '../../../src/media/scene/index.js';
import { BagSource } from '../../../src/message/bag/bag-source.js';
import { readCameraInfo } from '../../../src/message/read/camera-info.js';
import { DepthImageReader } from '../../../src/message/read/depth-image.js';
import { CameraInfoWriter } from '../../../src/message/write/camera-info.js';
import { ImageWriter } from '../../../src/message/write/image.js';
import { CameraDepth } from '../../../src/node/camera/camera-depth.js';
import type { RosNode } from '../../../src/node/ros/ros-node.js';
import { mcap, type TestMessage } from '../../message/bag/bags.js';
import { temporaryFolder } from '../../temporary-folder.js';

const SIZE = { width: 128, height: 96 };
const folder = temporaryFolder('camera-depth');

/** Stands in for ROS. */
class Register {
  subscriptions = 1;
  readonly published: { readonly topic: string; readonly cdr: Uint8Array }[] = [];

  get node(): RosNode {
    return {
      publish: (_type: string, topic: string) => ({
        topic,
        subscriptions: this.subscriptions,
        publish: (cdr: Uint8Array) => this.published.push({ topic, cdr: Uint8Array.from(cdr) }),
        destroy: () => undefined,
      }),
    } as unknown as RosNode;
  }
}

const NOW = { sec: 77, nanosec: 5 };

describe('CameraDepth', () => {
  const open = (register: Register, topic = 'scene'): [CameraDepth, string[]] => {
    const lines: string[] = [];
    return [new CameraDepth(register.node, topic, '', (line) => lines.push(line)), lines];
  };

  it('publishes the depth of a scene with the stamp and frame_id of the image', async () => {
    const register = new Register();
    const [depth] = open(register);
    const source = new SceneSource({ ...SIZE, seed: 2, objects: 3, rate: 10 });
    const send = await depth.prepare(source, { sec: SCENE_EPOCH, nanosec: 300_000_000 }, SIZE, 'camera');
    send!(NOW);
    assert.deepEqual(
      register.published.map(({ topic }) => topic),
      ['depth/camera_info', 'depth/image_raw'],
    );
    const info = readCameraInfo(register.published[0]!.cdr);
    assert.deepEqual([info.stamp, info.frameId, info.intrinsics], [NOW, 'camera', source.scene.intrinsics]);
    const { depth: picture, ...rest } = new DepthImageReader().read(register.published[1]!.cdr);
    assert.deepEqual(rest, { stamp: NOW, frameId: 'camera', encoding: '16UC1' });
    const meters = new Float32Array(SIZE.width * SIZE.height);
    source.scene.renderDepth(3, meters);
    assert.deepEqual(
      [...picture.data],
      [...meters].map((value) => Math.round(1000 * value)),
    );
    assert.notEqual(new Set(picture.data).size, 1);
  });

  it('does nothing without a subscriber', async () => {
    const register = new Register();
    register.subscriptions = 0;
    const [depth] = open(register);
    assert.equal(await depth.prepare(new SceneSource(SIZE), NOW, SIZE, ''), undefined);
  });

  it('plays the depth of a bag, from the beginning when the bag starts over', async () => {
    const messages: TestMessage[] = [];
    for (let second = 1; second <= 3; second++) {
      const header = { stamp: { sec: second, nanosec: 0 }, frameId: 'left' };
      const logTime = BigInt(second) * 1_000_000_000n;
      const add = (topic: string, type: string, cdr: Uint8Array): void =>
        void messages.push({ topic, type, cdr: Uint8Array.from(cdr), logTime });
      const layout = { width: 2, height: 2, encoding: 'mono8', step: 2 };
      add('/color', 'sensor_msgs/Image', new ImageWriter().write(header, layout, new Uint8Array(4)));
      const pixels = new Uint8Array(Uint16Array.of(second, 2, 3, 4).buffer);
      add(
        '/depth',
        'sensor_msgs/Image',
        new ImageWriter().write(header, { ...layout, encoding: '16UC1', step: 4 }, pixels),
      );
      const camera = { width: 2, height: 2, fx: 1, fy: 1, cx: 1, cy: 1 };
      add('/depth/camera_info', 'sensor_msgs/CameraInfo', new CameraInfoWriter().write(header, camera));
    }
    const file = join(folder, 'bag.mcap');
    writeFileSync(file, await mcap(messages));
    const source = await BagSource.open(file, { topic: '/color' });
    const register = new Register();
    const [depth, lines] = open(register, '/depth');
    for (const sec of [1, 2, 3, 1, 2]) (await depth.prepare(source, { sec, nanosec: 0 }, SIZE, ''))!(NOW);
    const values = register.published
      .filter(({ topic }) => topic === 'depth/image_raw')
      .map(({ cdr }) => new DepthImageReader().read(cdr))
      .map(({ depth: picture, frameId }) => `${frameId} ${picture.data[0]}`);
    assert.deepEqual(values, ['left 1', 'left 2', 'left 3', 'left 1', 'left 2']);
    assert.deepEqual(lines, []);
    depth.close();
    const [wrong, said] = open(new Register(), '/nothing');
    for (let i = 0; i < 2; i++) await wrong.prepare(source, { sec: 1, nanosec: 0 }, SIZE, '');
    assert.equal(said.length, 1);
    assert.match(said[0]!, /depth pictures .* on \/nothing/);
  });
});
