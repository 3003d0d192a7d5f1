import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, it } from 'mocha';
import { setTimeout as sleep } from 'node:timers/promises';
import { command, Peer, RosProcess } from './processes.js';
import { parameters } from './segment-process.js';
import { middlewares, rosPackage, rosSkip, rosWorkspace } from './workspace.js';
import { describeUnless } from '../skips.js';

const skip = rosSkip || (rosPackage('ros2bag') ? false : 'ros2bag is not installed');

for (const [index, middleware] of middlewares.entries()) {
  describeUnless(skip, `bags on ${middleware}`, () => {
    let env: NodeJS.ProcessEnv;
    let prefix: string;
    let folder: string;

    before(() => {
      const workspace = rosWorkspace();
      prefix = workspace.prefix;
      env = workspace.env(middleware, 64 + index);
      folder = mkdtempSync(join(tmpdir(), 'bags-'));
    });

    after(() => rmSync(folder, { recursive: true, force: true }));

    it('recorded by ros2 bag go through tros-yolo-seg run', async () => {
      const camera = new RosProcess(
        join(prefix, 'lib/tros_yolo_seg/camera'),
        ['--ros-args', ...parameters({ inputs: '["scene:?frames=10&size=640x480"]', rate: 10.5 })],
        env,
      );
      const bag = join(folder, 'recorded');
      const record = new RosProcess('ros2', ['bag', 'record', '-s', 'mcap', '-o', bag, '/image'], env);
      await record.said(/Subscribed to topic '\/image'/);
      await sleep(3000);
      await record.stop('SIGINT');
      await camera.stop('SIGINT');
      assert.ok(existsSync(join(bag, 'metadata.yaml')), record.output);

      const json = join(folder, 'results.jsonl');
      const { code, output } = await command(
        [join(prefix, 'lib/tros_yolo_seg/tros-yolo-seg'), 'run', bag, '--json', json],
        env,
      );
      assert.equal(code, 0, output);
      const lines = readFileSync(json, 'utf8').trim().split('\n');
      assert.ok(lines.length >= 10, `${lines.length} results`);
      assert.ok(lines.some((line) => (JSON.parse(line) as { instances: unknown[] }).instances.length > 0));
    });

    it('written by tros-yolo-seg are played by ros2 bag play', async () => {
      const bag = join(folder, 'ours.mcap');
      const tool = join(prefix, 'lib/tros_yolo_seg/tros-yolo-seg');
      const { code, output } = await command(
        [tool, 'run', 'scene:?frames=20&size=640x480&rate=10', '--mcap', bag, '--mcap-images'],
        env,
      );
      assert.equal(code, 0, output);
      const info = (await command(['ros2', 'bag', 'info', '-s', 'mcap', bag], env)).output;
      assert.match(info, /\/segment\/instances \| Type: tros_yolo_seg\/msg\/InstanceArray \| Count: 20/);
      const peer = new Peer(env);
      try {
        await peer.subscribe('/segment/instances', 'tros_yolo_seg/msg/InstanceArray');
        await peer.subscribe('/segment/detections', 'vision_msgs/msg/Detection2DArray');
        await peer.subscribe('/camera/image_raw', 'sensor_msgs/msg/Image');
        const played = await command(['ros2', 'bag', 'play', '-s', 'mcap', '--delay', '3', bag], env);
        assert.equal(played.code, 0, played.output);
        await sleep(500);
        const instances = await peer.messages('/segment/instances');
        const images = await peer.messages('/camera/image_raw');
        assert.ok(instances.length >= 18, `${instances.length} messages`);
        assert.deepEqual(
          images.slice(-10).map(({ stamp }) => stamp),
          instances.slice(-10).map(({ stamp }) => stamp),
        );
      } finally {
        await peer.end();
      }
    });
  });
}
