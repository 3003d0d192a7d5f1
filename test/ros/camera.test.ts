import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, it } from 'mocha';
import { FILE_EPOCH } from '../../src/frame/file-clock.js';
import { repository } from '../data.js';
import { Peer, RosProcess } from './processes.js';
import { middlewares, rosSkip, rosWorkspace } from './workspace.js';
import { describeUnless } from '../skips.js';

/** What camera-peer.py tells. */
interface Heard {
  readonly came: readonly {
    readonly at: number;
    readonly stamp: readonly [sec: number, nanosec: number];
    readonly width: number;
    readonly height: number;
    readonly step: number;
    readonly encoding: string;
    readonly length: number;
    readonly sum: number;
    readonly index?: number;
    readonly frame_id?: string;
  }[];
  readonly publishers: readonly {
    readonly node: string;
    readonly type: string;
    readonly reliability: string;
  }[];
}

const IMAGE = 'sensor_msgs/msg/Image';
const FRAME = (64 * 48 * 3) / 2;

for (const [number, middleware] of (rosSkip ? ['ROS 2'] : middlewares).entries()) {
  describeUnless(rosSkip, `the node camera on ${middleware}`, () => {
    let env: NodeJS.ProcessEnv;
    let executable: string;
    let folder: string;
    const started: RosProcess[] = [];

    before(() => {
      const workspace = rosWorkspace();
      env = workspace.env(middleware, 60 + number);
      executable = join(workspace.prefix, 'lib/tros_yolo_seg/camera');
      folder = mkdtempSync(join(tmpdir(), 'camera-'));
      // Three raw frames, all of one value each.
      const pixels = [10, 20, 30].map((value) => new Uint8Array(FRAME).fill(value));
      writeFileSync(join(folder, 'three_64x48.nv12'), Buffer.concat(pixels));
      writeFileSync(join(folder, 'broken.png'), '\x89PNG\r\n\x1a\nnothing more', 'latin1');
    });

    after(async () => {
      for (const process of started) await process.stop('SIGKILL');
      rmSync(folder, { recursive: true });
    });

    function camera(...rosArgs: string[]): RosProcess {
      const process = new RosProcess(executable, ['--ros-args', ...rosArgs], env);
      started.push(process);
      return process;
    }

    /** A subscriber that is there before the call returns, and ends after `count` messages. */
    async function listen(
      topic: string,
      type: string,
      count: number,
      reliability = 'reliable',
    ): Promise<() => Promise<Heard>> {
      const script = join(repository, 'test/ros/camera-peer.py');
      const args = [script, topic, type, String(count), '60', reliability];
      const peer = new RosProcess('/usr/bin/python3', args, env);
      started.push(peer);
      await peer.said(/ready/);
      return async () => {
        await peer.said(/^\{.*\}$/m, 70_000);
        return JSON.parse(/^\{.*\}$/m.exec(peer.output)![0]) as Heard;
      };
    }

    it('publishes a loop of scenes at the rate, stamped with the time, and ends with the signal', async () => {
      for (const signal of ['SIGINT', 'SIGTERM'] as const) {
        const heard = await listen(
          '/front/image',
          IMAGE,
          60,
          signal === 'SIGINT' ? 'reliable' : 'best_effort',
        );
        const node = camera(
          ...['-r', '__ns:=/front', '-p', 'inputs:=scene:?size=320x240&frames=4', '-p', 'rate:=50'],
          ...['-p', 'frame_id:=front_optical', '-p', 'wait_for_subscribers:=1'],
        );
        const { came, publishers } = await heard();
        assert.deepEqual(publishers, [{ node: 'camera', type: IMAGE, reliability: 'RELIABLE' }]);
        assert.ok(came.length === 60, `${came.length} messages`);
        for (const { at, stamp, frame_id, width, height, step, encoding, length } of came) {
          assert.deepEqual(
            { frame_id, width, height, step, encoding, length },
            {
              frame_id: 'front_optical',
              width: 320,
              height: 240,
              step: 320,
              encoding: 'nv12',
              length: 115_200,
            },
          );
          const age = at - (stamp[0] + stamp[1] / 1e9);
          assert.ok(age > -0.01 && age < 5, `${age} s old`);
        }
        const first = came[0]!.sum;
        const sums = came.map(({ sum }) => sum);
        assert.equal(new Set(sums).size, 4, 'four frames that differ');
        if (signal === 'SIGINT') assert.equal(sums.indexOf(first, 1), 4);
        const [begin, end] = [came[0]!, came.at(-1)!].map(({ stamp }) => stamp[0] + stamp[1] / 1e9);
        const rate = 59 / (end! - begin!);
        assert.ok(rate > 25 && rate < 51, `${rate} a second`); // below 50 on a busy machine
        assert.match(node.output, /320x240 NV12 on \/front\/image .* at 50 frames a second, in a loop/);
        assert.equal(await node.stop(signal), 0);
      }
    });

    it('publishes every frame once with the stamps of the input, and ends', async () => {
      const heard = await listen('/renamed', IMAGE, 3);
      const node = camera(
        ...['-r', 'image:=/renamed', '-p', `inputs:=['${folder}','${folder}/none.mp4']`, '-p', 'loop:=false'],
        ...['-p', 'rate:=20.0', '-p', 'stamps:=input', '-p', "frame_id:=''", '-p', 'wait_for_subscribers:=1'],
      );
      assert.equal(await node.ended(60_000), 0);
      const { came } = await heard();
      assert.deepEqual(
        came.map(({ sum }) => sum),
        [10, 20, 30].map((value) => value * FRAME),
      );
      // The broken picture had the first turn.
      assert.deepEqual(
        came.map(({ stamp }) => stamp),
        [1, 2, 3].map((index) => [FILE_EPOCH, index * 50_000_000]),
      );
      assert.ok(came.every(({ frame_id }) => frame_id === 'three_64x48'));
      assert.match(node.output, /ERROR.*none\.mp4.*cannot be found/);
      assert.match(node.output, /ERROR.*broken\.png, frame 0/);
      assert.match(node.output, /All 3 frames are published/);
    });

    it("publishes HbmMsg with TROS's topic, QoS and counter", async () => {
      const heard = await listen('/hbmem_img', 'hbm_img_msgs/msg/HbmMsg480P', 12, 'best_effort');
      const node = camera(
        ...['-p', `inputs:=${folder}/three_64x48.nv12`, '-p', 'message:=hbm480p', '-p', 'rate:=20'],
        ...['-p', 'wait_for_subscribers:=1'],
      );
      const { came, publishers } = await heard();
      assert.equal(publishers[0]?.reliability, 'BEST_EFFORT');
      for (const { index, sum, width, height, step, encoding, length } of came) {
        assert.deepEqual(
          { width, height, step, encoding, length, sum },
          {
            width: 64,
            height: 48,
            step: 64,
            encoding: 'nv12',
            length: FRAME,
            sum: FRAME * 10 * ((index! % 3) + 1),
          },
        );
      }
      assert.ok(came.every(({ index }, i) => i === 0 || index! > came[i - 1]!.index!));
      assert.equal(await node.stop(), 0);
    });

    it('lets its rate be changed while it runs, and nothing else', async () => {
      const peer = new Peer(env);
      try {
        const node = camera('-p', `inputs:=${folder}/three_64x48.nv12`, '-p', 'rate:=0.1');
        await node.said(/NV12 on \/image/);
        const set = async (name: string, value: object): Promise<{ successful: boolean; reason: string }> => {
          const request = { parameters: [{ name, value }] };
          const { results } = (await peer.call(
            '/camera/set_parameters',
            'rcl_interfaces/srv/SetParameters',
            request,
          )) as { results: { successful: boolean; reason: string }[] };
          return results[0]!;
        };
        assert.match((await set('loop', { type: 1, bool_value: false })).reason, /only rate to change/);
        assert.match((await set('rate', { type: 3, double_value: -1 })).reason, /from 0 to 1000/);
        assert.equal((await set('rate', { type: 3, double_value: 40 })).successful, true);
        await peer.subscribe('/image', IMAGE);
        await peer.received('/image', 20, 30_000);
        assert.equal(await node.stop(), 0);
      } finally {
        await peer.end();
      }
    });

    it('ends with 2 when there is nothing to publish', async () => {
      for (const [inputs, reason] of [
        [`${folder}/none.mp4`, /at least one input to publish/],
        ["['']", /at least one input to publish but received none/],
        [`${folder}/broken.png`, /at least one frame to publish/],
      ] as const) {
        const node = camera('-p', `inputs:=${inputs}`);
        assert.equal(await node.ended(60_000), 2, node.output);
        assert.match(node.output, reason);
      }
      const node = camera('-p', 'message:=jpeg');
      assert.equal(await node.ended(60_000), 2, node.output);
      assert.match(node.output, /one of image, hbm480p, hbm540p, hbm1080p for parameter message/);
    });
  });
}
