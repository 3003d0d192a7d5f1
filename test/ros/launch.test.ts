import assert from 'node:assert/strict';
import { after, before, it } from 'mocha';
import { setTimeout as sleep } from 'node:timers/promises';
import { command, Peer, RosProcess, until } from './processes.js';
import { middlewares, rosSkip, rosWorkspace } from './workspace.js';
import { describeUnless } from '../skips.js';

/** What someone does first: launch the demo and look around with the ros2 command. */
for (const [index, middleware] of middlewares.entries()) {
  describeUnless(rosSkip, `ros2 launch on ${middleware}`, () => {
    let env: NodeJS.ProcessEnv;
    let launch: RosProcess;

    before(async () => {
      env = rosWorkspace().env(middleware, 66 + index);
      // Discovery of the ros2 command's daemon, started for this middleware and domain.
      await command(['ros2', 'daemon', 'start'], env);
      launch = new RosProcess(
        'ros2',
        ['launch', 'tros_yolo_seg', 'demo.launch.py', 'rate:=5.0', 'size:=640x480', 'rviz:=false'],
        env,
      );
      await launch.said(/frames in flight/);
      await launch.said(/Images from \/image/);
    });

    after(async () => {
      await launch?.stop('SIGKILL');
      await command(['ros2', 'daemon', 'stop'], env);
    });

    async function ros2(line: string, milliseconds = 60_000): Promise<string> {
      return (await command(['ros2', ...line.split(' ')], env, milliseconds)).output;
    }

    it('lists what the package has', async () => {
      assert.match(await ros2('pkg executables tros_yolo_seg'), /camera\n.*segment\n.*tros-yolo-seg\n/);
      assert.match(await ros2('interface show tros_yolo_seg/msg/InstanceArray'), /Instance\[\] instances/);
      const args = await ros2('launch tros_yolo_seg segment.launch.py --show-args');
      for (const name of ['model', 'camera', 'namespace', 'params_file', 'web', 'dds']) {
        assert.match(args, new RegExp(`'${name}':\\n\\s+\\S`), `${name} with its description`);
      }
    });

    it('shows its nodes and topics', async () => {
      await until('both nodes', async () => /\/camera[\s\S]*\/segment/.test(await ros2('node list')));
      const topics = await ros2('topic list -t');
      for (const topic of [
        '/image [sensor_msgs/msg/Image]',
        '/segment/detections [vision_msgs/msg/Detection2DArray]',
      ]) {
        assert.ok(topics.includes(topic), topics);
      }
      assert.match(await ros2('node info /segment'), /\/segment\/load_model: tros_yolo_seg\/srv\/LoadModel/);
    });

    it('publishes at the rate of its camera', async () => {
      const hz = new RosProcess('ros2', ['topic', 'hz', '/segment/detections'], env);
      await hz.said(/average rate: [45]\.\d/);
      await hz.stop('SIGINT');
    });

    it('is understood by ros2 topic echo', async () => {
      const echoed = await ros2('topic echo --once /segment/instances tros_yolo_seg/msg/InstanceArray');
      assert.match(echoed, /image_width: 640\nimage_height: 480/);
      assert.match(echoed, /class_name: (circle|square|triangle|star|ring|cross)/);
    });

    it('answers ros2 service call', async () => {
      const { output } = await command(
        ['ros2', 'service', 'call', '/segment/enable', 'std_srvs/srv/SetBool', '{data: true}'],
        env,
      );
      assert.match(output, /success=True, message='enabled'/);
    });

    it('is read by a node that subscribes as rviz does, to the overlay', async () => {
      const peer = new Peer(env);
      try {
        await peer.subscribe('/segment/overlay', 'sensor_msgs/msg/Image', { depth: 5 });
        const [message] = await peer.received('/segment/overlay', 1);
        assert.equal((message!.message as { encoding: string }).encoding, 'rgb8');
      } finally {
        await peer.end();
      }
    });

    it('ends cleanly on Ctrl-C', async () => {
      await sleep(200);
      await launch.stop('SIGINT');
      const finished = launch.output.match(/process has finished cleanly/g) ?? [];
      assert.equal(finished.length, 2, launch.output);
    });
  });
}
