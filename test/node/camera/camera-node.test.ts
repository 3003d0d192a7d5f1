import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'mocha';
import { imageView } from '../../../src/message/read/image-message.js';
import { CameraNode } from '../../../src/node/camera/camera-node.js';
import { ManualClock } from '../../manual-clock.js';
import { temporaryFolder } from '../../temporary-folder.js';
import { FakeRos } from '../fake-ros.js';

describe('CameraNode', () => {
  const folder = temporaryFolder('camera-node');
  const pixels = join(folder, 'three_4x2.nv12');
  before(() => {
    writeFileSync(
      pixels,
      Uint8Array.from({ length: 3 * 12 }, (_, i) => Math.floor(i / 12)),
    );
  });

  const setUp = (
    values: Record<string, unknown>,
  ): { ros: FakeRos; clock: ManualClock; node: CameraNode; begin: number } => {
    const ros = new FakeRos({ inputs: [pixels], loop: false, rate: 10, transport: 'rclnodejs', ...values });
    const clock = new ManualClock();
    return { ros, clock, node: new CameraNode(ros.node, clock), begin: clock.now() };
  };

  it('publishes its inputs at the rate, stamped with ROS time, and logs it', async () => {
    const { ros, clock, node, begin } = setUp({});
    await clock.finish(node.run());
    assert.equal(clock.now() - begin, 200);
    assert.deepEqual(
      ros.published.map((cdr) => {
        const { stamp, frameId, data } = imageView(cdr);
        return [data[0], stamp.sec, stamp.nanosec, frameId];
      }),
      [0, 1, 2].map((i) => [i, 5, 7, 'camera']),
    );
    assert.match(
      ros.lines[0]!,
      /^4x2 NV12 on \/image \(sensor_msgs\/msg\/Image, reliable, volatile\) at 10 frames/,
    );
    assert.match(ros.lines[1]!, /^3 frames in 0\.2 s, 0 turns missed, 0 frames lost/);
    assert.equal(ros.lines[2], 'All 3 frames are published.');
  });

  it('gives subscribers up to two seconds for the last frames', async () => {
    const { ros, clock, node, begin } = setUp({});
    ros.delivered = () => false;
    await clock.finish(node.run());
    assert.equal(clock.now() - begin, 200 + 2000);

    const acknowledged = setUp({});
    const since = (): number => acknowledged.clock.now() - acknowledged.begin;
    acknowledged.ros.delivered = () => since() >= 500;
    await acknowledged.clock.finish(acknowledged.node.run());
    assert.equal(since(), 500);
  });

  it('waits 0.2 s for subscribers that acknowledge nothing', async () => {
    const { clock, node, begin } = setUp({ qos: 'sensor_data' });
    await clock.finish(node.run());
    assert.equal(clock.now() - begin, 200 + 200);
  });

  it('ends at once while it waits for subscribers, and publishes nothing', async () => {
    const { ros, clock, node, begin } = setUp({ wait_for_subscribers: 1 });
    ros.subscriptions = () => {
      if (clock.now() - begin >= 5000) node.end();
      return 0;
    };
    await clock.finish(node.run());
    assert.deepEqual([ros.published.length, clock.now() - begin], [0, 5000]);
  });

  it('reports that it has nothing to publish', async () => {
    const { node } = setUp({ inputs: [join(folder, 'none.nv12')] });
    await assert.rejects(
      node.run(),
      /at least one input to publish but received none that can be read: .*none/,
    );
    assert.throws(() => setUp({ message: 'image', transport: 'native' }), /Choose such a message/);
    for (const size of ['large', '5x4', '16384x16384'])
      await assert.rejects(setUp({ size }).node.run(), /parameter size/);
  });
});
