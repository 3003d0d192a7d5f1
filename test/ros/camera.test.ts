import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, before, it } from 'mocha';
import { FILE_EPOCH } from '../../src/media/file-clock.js';
import { checkStamps, listen } from './camera-listener.js';
import type { RosProcess } from './processes.js';
import { describeRos } from './suite.js';
import { middlewares, rosSkip } from './workspace.js';

const IMAGE = 'sensor_msgs/msg/Image';
const FRAME = (64 * 48 * 3) / 2;

for (const middleware of middlewares) {
  describeRos(rosSkip, `the node camera on ${middleware}`, middleware, (ros) => {
    let folder: string;

    before(() => {
      ({ folder } = ros);
      // Three raw frames, all of one value each.
      const pixels = [10, 20, 30].map((value) => new Uint8Array(FRAME).fill(value));
      writeFileSync(join(folder, 'three_64x48.nv12'), Buffer.concat(pixels));
      writeFileSync(join(folder, 'broken.png'), '\x89PNG\r\n\x1a\nnothing more', 'latin1');
    });

    // A camera that a failed test leaves would be heard in the next one.
    afterEach(() => ros.end());

    const camera = (...rosArgs: string[]): RosProcess => ros.node('camera', rosArgs);

    for (const [signal, reliability] of [
      ['SIGINT', 'reliable'],
      ['SIGTERM', 'best_effort'],
    ] as const) {
      it(`publishes a loop of scenes, stamped with the time, and ends with ${signal}`, async () => {
        const begin = Date.now();
        const heard = await listen(ros, ['/front/image', IMAGE, 12, reliability]);
        const node = camera(
          ...['-r', '__ns:=/front', '-p', 'inputs:=scene:?size=320x240&frames=4', '-p', 'rate:=50'],
          ...['-p', 'frame_id:=front_optical', '-p', 'wait_for_subscribers:=1'],
        );
        const { came, publishers } = await heard();
        assert.deepEqual(publishers, [{ node: 'camera', type: IMAGE, reliability: 'RELIABLE' }]);
        assert.equal(came.length, 12);
        checkStamps(came, begin);
        for (const { frame_id, width, height, step, encoding, length } of came) {
          assert.deepEqual(
            { frame_id, width, height, step, encoding, length },
            {
              ...{ frame_id: 'front_optical', width: 320, height: 240, step: 320 },
              ...{ encoding: 'nv12', length: 115_200 },
            },
          );
        }
        const sums = new Set(came.map(({ sum }) => sum));
        assert.ok(sums.size > 1 && sums.size <= 4, 'four frames that differ, some may be lost');
        assert.match(node.output, /320x240 NV12 on \/front\/image .* at 50 frames a second, in a loop/);
        assert.equal(await node.stop(signal), 0);
      });
    }

    it('publishes JPEG as cameras and codecs do', async () => {
      const begin = Date.now();
      for (const [message, topic, type, reliability] of [
        ['compressed', '/image/compressed', 'sensor_msgs/msg/CompressedImage', 'reliable'],
        ['hbm480p', '/hbmem_img', 'hbm_img_msgs/msg/HbmMsg480P', 'best_effort'],
      ] as const) {
        const heard = await listen(ros, [topic, type, 5, reliability]);
        const node = camera(
          ...['-p', `message:=${message}`, '-p', 'hbm_encoding:=jpeg', '-p', 'rate:=20.0'],
          ...['-p', 'inputs:=scene:?size=320x240&frames=4', '-p', 'wait_for_subscribers:=1'],
        );
        const { came } = await heard();
        checkStamps(came, begin);
        for (const { encoding, length } of came) {
          assert.equal(encoding, 'jpeg', message);
          assert.ok(length > 1000 && length < 115_200, `${message}: ${length} bytes`);
        }
        assert.match(node.output, /320x240 JPEG on /);
        await node.stop('SIGINT');
      }
    });

    it('publishes every frame once with the stamps of the input, and ends', async () => {
      const heard = await listen(ros, ['/renamed', IMAGE, 3, 'reliable']);
      const node = camera(
        ...['-r', 'image:=/renamed', '-p', `inputs:=['${folder}','${folder}/none.mp4']`, '-p', 'loop:=false'],
        ...['-p', 'rate:=20.0', '-p', 'stamps:=input', '-p', "frame_id:=''", '-p', 'wait_for_subscribers:=1'],
      );
      assert.equal(await node.ended(), 0, node.output);
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
      const heard = await listen(ros, ['/hbmem_img', 'hbm_img_msgs/msg/HbmMsg480P', 12, 'best_effort']);
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

    it('allows its rate to be changed while it runs, and nothing else', async () => {
      const peer = ros.peer();
      const node = camera('-p', `inputs:=${folder}/three_64x48.nv12`, '-p', 'rate:=0.001');
      await node.said(/NV12 on \/image/);
      const double = (double_value: number): object => ({ type: 3, double_value });
      const loop = await peer.set('/camera', 'loop', { type: 1, bool_value: false });
      assert.match(loop.reason, /only rate to change/);
      assert.match((await peer.set('/camera', 'rate', double(-1))).reason, /from 0 to 1000/);
      await peer.subscribe('/image', IMAGE);
      // The next frame would be due in a quarter of an hour.
      assert.equal((await peer.set('/camera', 'rate', double(40))).successful, true);
      await peer.received('/image', 20);
      assert.equal(await node.stop(), 0);
    });

    it('exits with 2 if there is nothing to publish', async () => {
      const wrong = [
        [`inputs:=${folder}/none.mp4`, /at least one input to publish/],
        ["inputs:=['']", /at least one input to publish but received none/],
        [`inputs:=${folder}/broken.png`, /at least one frame to publish/],
        ['message:=jpeg', /one of image, compressed, hbm480p, hbm540p, hbm1080p for parameter message/],
      ] as const;
      await Promise.all(
        wrong.map(async ([argument, reason]) => {
          const node = camera('-p', argument);
          assert.equal(await node.ended(), 2, node.output);
          assert.match(node.output, reason);
        }),
      );
    });
  });
}
