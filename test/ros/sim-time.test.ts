import assert from 'node:assert/strict';
import { before, it } from 'mocha';
import type { Peer } from './peer.js';
import type { RosProcess } from './processes.js';
import { emulated } from './recorded-model.js';
import { describeRos } from './suite.js';
import { rosSkip, setups } from './workspace.js';

/** Stamp of every image, in seconds, and by how many the simulation's clock is ahead of it. */
const STAMP = 1000;
const AHEAD = 100;

const CAMERA = '/camera/image';
const ANSWERS = '/segment/instances';

for (const { middleware, transport, name } of setups) {
  describeRos(rosSkip, `simulated time on ${name}`, middleware, (ros) => {
    let segment: RosProcess;
    let peer: Peer;

    before(async () => {
      segment = ros.node('segment', [
        ...emulated(transport),
        ...['-p', 'use_sim_time:=true', '-p', `images:=[${CAMERA}]`],
      ]);
      peer = ros.peer();
      await segment.said(/frames in flight/);
      await peer.subscribe(ANSWERS, 'tros_yolo_seg/msg/InstanceArray');
      await peer.subscribe('/diagnostics', 'diagnostic_msgs/msg/DiagnosticArray');
      await peer.request('publish', {
        ...{ topic: CAMERA, type: 'sensor_msgs/msg/Image', width: 640, height: 480 },
        ...{ period: 0.1, stamp: [STAMP, 0] },
      });
    });

    it('gives results before the clock has started, and no age of frames', async () => {
      await peer.received(ANSWERS, 5);
      const { stamp, values } = await diagnostics();
      assert.deepEqual(stamp, [0, 0]);
      assert.ok(Number(values['answered']) > 0);
      assert.ok(!('latency_from_stamp_p50_ms' in values));
      assert.ok('added_latency_p50_ms' in values);
    });

    it("reports the age of a frame on the simulation's clock", async () => {
      // Best effort: one may be lost.
      do await clock(STAMP + AHEAD);
      while ((await peer.next('/diagnostics')).stamp[0] !== STAMP + AHEAD);
      await peer.next(ANSWERS, 2);
      const { stamp, values } = await diagnostics();
      assert.deepEqual(stamp, [STAMP + AHEAD, 0]);
      assert.equal(Number(values['latency_from_stamp_p50_ms']), 1000 * AHEAD);
    });

    async function clock(seconds: number): Promise<void> {
      const cdr = Buffer.alloc(12);
      cdr[1] = 1; // little endian
      cdr.writeInt32LE(seconds, 4);
      const hex = [cdr.toString('hex')];
      await peer.request('raw', { topic: '/clock', type: 'rosgraph_msgs/msg/Clock', hex });
    }

    /** Diagnostics that were made after now: the values of all parts together. */
    async function diagnostics(): Promise<{ stamp: readonly number[]; values: Record<string, string> }> {
      const last = await peer.next('/diagnostics', 2);
      const { status } = last.message as unknown as {
        status: { values: { key: string; value: string }[] }[];
      };
      const values = status.flatMap((part) => part.values.map(({ key, value }) => [key, value] as const));
      return { stamp: last.stamp, values: Object.fromEntries(values) };
    }
  });
}
