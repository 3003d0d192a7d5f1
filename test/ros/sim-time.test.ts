import assert from 'node:assert/strict';
import { after, before, it } from 'mocha';
import { setTimeout as sleep } from 'node:timers/promises';
import { Peer, type RosProcess } from './processes.js';
import { emulated, startSegment } from './segment-process.js';
import { rosSkip, rosWorkspace, setups } from './workspace.js';
import { describeUnless } from '../skips.js';

/** Seconds by which the simulation's clock is ahead of the images' stamps, which are the peer's wall clock. */
const AHEAD = 100;

for (const { middleware, transport, name, index } of setups) {
  describeUnless(rosSkip, `simulated time on ${name}`, () => {
    let segment: RosProcess;
    let peer: Peer;

    before(async () => {
      const workspace = rosWorkspace();
      const env = workspace.env(middleware, 74 + index);
      segment = startSegment(workspace.prefix, env, [
        ...emulated(transport),
        ...['-p', 'use_sim_time:=true', '-p', 'images:=[/camera/image]'],
      ]);
      peer = new Peer(env);
      await segment.said(/frames in flight/);
      await peer.subscribe('/segment/instances', 'tros_yolo_seg/msg/InstanceArray');
      await peer.subscribe('/diagnostics', 'diagnostic_msgs/msg/DiagnosticArray');
      await peer.request('publish', {
        ...{ topic: '/camera/image', type: 'sensor_msgs/msg/Image', width: 640, height: 480 },
        ...{ count: 10_000, period: 0.1 },
      });
    });

    after(async () => {
      await peer?.end();
      await segment?.stop('SIGKILL');
    });

    it('answers frames though the clock has not begun, and says nothing of their age', async () => {
      await peer.received('/segment/instances', 5);
      const { stamp, values } = await diagnostics();
      assert.deepEqual(stamp, [0, 0]);
      assert.ok(Number(values['answered']) > 0);
      assert.ok(!('latency_from_stamp_p50_ms' in values));
      assert.ok(Number(values['added_latency_p50_ms']) < 1000);
    });

    it("tells the age of a frame on the simulation's clock", async () => {
      let latency = NaN;
      let second = 0;
      for (let turn = 0; turn < 40 && !(latency > 1000); turn++) {
        for (let i = 0; i < 5; i++) {
          await clock(Date.now() / 1000 + AHEAD);
          await sleep(100);
        }
        const { stamp, values } = await diagnostics();
        latency = Number(values['latency_from_stamp_p50_ms']);
        second = stamp[0]!;
      }
      assert.ok(latency > 1000 * (AHEAD - 2) && latency < 1000 * (AHEAD + 2), `${latency} ms`);
      assert.ok(Math.abs(second - (Date.now() / 1000 + AHEAD)) < 5, `diagnostics of ${second}`);
    });

    async function clock(seconds: number): Promise<void> {
      const cdr = Buffer.alloc(12);
      cdr[1] = 1; // little endian
      cdr.writeInt32LE(Math.floor(seconds), 4);
      cdr.writeUInt32LE(Math.floor((seconds % 1) * 1e9), 8);
      const request = { topic: '/clock', type: 'rosgraph_msgs/msg/Clock', hex: cdr.toString('hex') };
      await peer.request('raw', request);
    }

    /** The next diagnostics: the values of all parts together. */
    async function diagnostics(): Promise<{ stamp: readonly number[]; values: Record<string, string> }> {
      await peer.messages('/diagnostics', true);
      const [last] = await peer.received('/diagnostics', 1);
      const { status } = last!.message as unknown as {
        status: { values: { key: string; value: string }[] }[];
      };
      const values = status.flatMap((part) => part.values.map(({ key, value }) => [key, value] as const));
      return { stamp: last!.stamp, values: Object.fromEntries(values) };
    }
  });
}
