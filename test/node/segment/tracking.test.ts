import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'mocha';
import { Scene } from '../../../src/media/scene/scene.js';
import { builtIn, messageType } from '../../../src/message/message-type.js';
import { ImageWriter } from '../../../src/message/write/image.js';
import { SegmentNode } from '../../../src/node/segment/segment-node.js';
import type { Stamp } from '../../../src/vision/picture/frame-source.js';
import { withVariables } from '../../environment.js';
import { readBack } from '../../message/write/samples.js';
import { temporaryFolder } from '../../temporary-folder.js';
import { stampAt } from '../../vision/track/frames.js';
import { FakeRos } from '../fake-ros.js';

const INSTANCES = 'tros_yolo_seg/InstanceArray';

interface InstanceArray {
  instances: { class_name: string; id: string }[];
}

/** A node whose camera sends one picture over and over. */
class StillCamera {
  readonly ros: FakeRos;
  readonly node: SegmentNode;
  readonly #image = new ImageWriter();
  readonly #frame = new Scene({ width: 640, height: 360, seed: 3 }).render(0).frame;
  #told: (cdr: Uint8Array) => void = () => undefined;

  constructor(parameters: Readonly<Record<string, unknown>>) {
    this.ros = new FakeRos({
      ...{ camera_transport: 'rclnodejs', image_type: 'image', autostart: true, threads: 1 },
      ...parameters,
    });
    this.ros.publishers = [{ type: 'sensor_msgs/msg/Image' }];
    this.ros.subscriptions = (topic) => Number(topic === '~/instances');
    this.ros.onPublish = (topic, cdr) => {
      if (topic === '~/instances') this.#told(Uint8Array.from(cdr));
    };
    this.node = new SegmentNode(this.ros.node);
  }

  /** @returns the ids of the instances of a frame with this stamp */
  async send(stamp: Stamp): Promise<string[]> {
    const told = new Promise<Uint8Array>((resolve) => (this.#told = resolve));
    this.ros.deliver(this.#image.writeNv12({ stamp, frameId: 'camera' }, this.#frame).slice(), '/image');
    const { instances } = readBack<InstanceArray>(messageType(INSTANCES), await told);
    assert.ok(instances.length > 0);
    return instances.map(({ id }) => id);
  }
}

describe('SegmentNode with tracking', () => {
  const prefix = temporaryFolder('segment-tracking');
  withVariables({ AMENT_PREFIX_PATH: prefix });
  before(() => {
    const folder = join(prefix, 'share/tros_yolo_seg/msg');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'InstanceArray.msg'), builtIn(INSTANCES)!);
  });

  it('gives ids, begins anew when asked to and when stamps go back, and never repeats an id', async () => {
    const camera = new StillCamera({ tracking: true });
    assert.ok(await camera.node.start());
    try {
      const first = await camera.send(stampAt(1));
      assert.deepEqual(new Set(first), new Set(['']));
      const tracked = await camera.send(stampAt(1.1));
      const count = tracked.length;
      assert.deepEqual(
        tracked.map(Number).sort((a, b) => a - b),
        Array.from({ length: count }, (_, i) => i + 1),
      );
      assert.deepEqual(await camera.send(stampAt(1.2)), tracked);

      const answer = await camera.ros.call<{ success: boolean; message: string }>('~/reset_tracks', {});
      assert.deepEqual(answer, { success: true, message: 'all tracks are over; ids go on' });
      await camera.send(stampAt(1.3));
      const anew = await camera.send(stampAt(1.4));
      assert.deepEqual(
        anew.map(Number),
        tracked.map((id) => Number(id) + count),
      );

      assert.deepEqual(new Set(await camera.send(stampAt(0.5))), new Set(['']));
      const looped = await camera.send(stampAt(0.6));
      assert.deepEqual(
        looped.map(Number),
        tracked.map((id) => Number(id) + 2 * count),
      );
    } finally {
      await camera.node.end();
    }
  });

  it('gives none unless asked to', async () => {
    const camera = new StillCamera({});
    assert.ok(await camera.node.start());
    try {
      await camera.send(stampAt(1));
      assert.deepEqual(new Set(await camera.send(stampAt(1.1))), new Set(['']));
    } finally {
      await camera.node.end();
    }
  });
});
