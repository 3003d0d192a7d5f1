import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'mocha';
import { parameters } from './recorded-model.js';
import { describeRos } from './suite.js';
import { middlewares, rosPackage, rosSkip } from './workspace.js';

const skip = rosSkip || (rosPackage('ros2bag') ? false : 'ros2bag is not installed');

interface Result {
  readonly stamp: { readonly sec: number; readonly nanosec: number };
  readonly instances: readonly unknown[];
}

function results(file: string): Result[] {
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  return lines.map((line) => JSON.parse(line) as Result);
}

for (const middleware of middlewares) {
  describeRos(skip, `bags on ${middleware}`, middleware, (ros) => {
    it('recorded by ros2 bag are read by tros-yolo-seg run', async () => {
      const bag = join(ros.folder, 'recorded');
      const record = ros.start(['ros2', 'bag', 'record', '-s', 'mcap', '-o', bag, '/image']);
      const camera = ros.node(
        'camera',
        parameters({
          ...{ inputs: '["scene:?frames=10&size=640x480"]', loop: false, rate: 10.5 },
          wait_for_subscribers: 1,
        }),
      );
      assert.equal(await camera.ended(), 0, camera.output);
      await record.stop();

      const json = join(ros.folder, 'recorded.jsonl');
      const info = await ros.ros2(['bag', 'info', '-s', 'mcap', bag], /Count/);
      const count = Number(/Topic: \/image .*Count: (\d+)/.exec(info)?.[1]);
      const { code, output } = await ros.run([ros.executable('tros-yolo-seg'), 'run', bag, '--json', json]);
      assert.equal(code, 0, output);
      const found = results(json);
      assert.ok(count > 0 && count <= 10, info);
      assert.equal(found.length, count);
      assert.ok(found.some(({ instances }) => instances.length > 0));
    });

    it('written by tros-yolo-seg are played by ros2 bag play', async () => {
      const bag = join(ros.folder, 'ours.mcap');
      const json = join(ros.folder, 'ours.jsonl');
      const { code, output } = await ros.run([
        ...[ros.executable('tros-yolo-seg'), 'run', 'scene:?frames=20&size=640x480&rate=10'],
        ...['--mcap', bag, '--mcap-images', '--json', json],
      ]);
      assert.equal(code, 0, output);
      const info = await ros.ros2(['bag', 'info', '-s', 'mcap', bag], /Count/);
      assert.match(info, /\/segment\/instances \| Type: tros_yolo_seg\/msg\/InstanceArray \| Count: 20/);

      const peer = ros.peer();
      const types = {
        '/segment/instances': 'tros_yolo_seg/msg/InstanceArray',
        '/segment/detections': 'vision_msgs/msg/Detection2DArray',
        '/camera/image_raw': 'sensor_msgs/msg/Image',
      };
      for (const [topic, type] of Object.entries(types)) await peer.subscribe(topic, type);
      // It ends without looking whether all has arrived, so it plays until it is stopped.
      const play = ros.start(['ros2', 'bag', 'play', '-s', 'mcap', '--loop', bag]);
      const sent = results(json).map(({ stamp: { sec, nanosec } }) => `${sec}.${nanosec}`);
      for (const topic of Object.keys(types)) {
        const came = await peer.process.until(`receive all of the bag on ${topic}`, () => {
          const stamps = new Set(peer.messages(topic).map(({ stamp }) => stamp.join('.')));
          return stamps.size >= sent.length ? stamps : undefined;
        });
        assert.deepEqual([...came].sort(), [...sent].sort(), topic);
      }
      await play.stop();
    });
  });
}
