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
const ZONES = 'tros_yolo_seg/ZoneArray';

interface Zones {
  zones: { name: string; classes: { entered: bigint }[] }[];
}

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
    for (const type of [INSTANCES, ZONES])
      writeFileSync(join(folder, `${type.split('/')[1]}.msg`), builtIn(type)!);
  });

  it('gives ids, starts over on request and when stamps go back, and never repeats an id', async () => {
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

  it('starts over when the node is deactivated, and never repeats an id', async () => {
    const camera = new StillCamera({ tracking: true });
    assert.ok(await camera.node.start());
    const change = (label: string): Promise<{ success: boolean }> =>
      camera.ros.call('~/change_state', { transition: { id: 0, label } });
    try {
      await camera.send(stampAt(1));
      const { length } = await camera.send(stampAt(1.1));
      assert.ok((await change('deactivate')).success);
      assert.ok((await change('activate')).success);
      await camera.send(stampAt(1.2));
      const anew = (await camera.send(stampAt(1.3))).map(Number);
      assert.equal(Math.min(...anew), length + 1);
    } finally {
      await camera.node.end();
    }
  });

  it('counts in zones, which change while it runs', async () => {
    const camera = new StillCamera({ tracking: true, zones: ['all=0,0 1,0 1,1 0,1'] });
    const zones: Uint8Array[] = [];
    camera.ros.subscriptions = (topic) => Number(topic === '~/instances' || topic === '~/zones');
    const tell = camera.ros.onPublish;
    camera.ros.onPublish = (topic, cdr) => {
      if (topic === '~/zones') zones.push(Uint8Array.from(cdr));
      tell(topic, cdr);
    };
    assert.ok(await camera.node.start());
    try {
      await camera.send(stampAt(1));
      const { length } = await camera.send(stampAt(1.1));
      await camera.send(stampAt(1.2));
      const last = (): Zones => readBack<Zones>(messageType(ZONES), zones.at(-1)!);
      const entered = (): bigint =>
        last().zones[0]!.classes.reduce((sum, { entered: some }) => sum + some, 0n);
      assert.equal(entered(), BigInt(length));
      const answer = await camera.ros.call<{ success: boolean }>('~/reset_counts', {});
      assert.ok(answer.success);
      assert.equal(last().zones[0]!.name, 'all');
      const refused = camera.ros.setParameters({ zones: ['all=0,0 1,1'] });
      assert.match(String(refused), /3 to 100 corners in parameter zones/);
      assert.equal(camera.ros.setParameters({ zones: [] }), undefined);
      const { length: before } = zones;
      await camera.send(stampAt(1.3));
      assert.equal(zones.length, before, 'no message without zones');
      const warnings = (): string[] =>
        camera.ros.lines.filter((line) => line.includes('until tracking is on'));
      assert.equal(camera.ros.setParameters({ tracking: false }), undefined);
      assert.deepEqual(warnings(), []);
      for (const score of [0.3, 0.4]) camera.ros.setParameters({ zones: ['all=0,0 1,0 1,1'], score });
      assert.deepEqual(warnings(), ['warning: Zones and lines count nothing until tracking is on.']);
    } finally {
      await camera.node.end();
    }
  });

  it('gives no ids by default', async () => {
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
