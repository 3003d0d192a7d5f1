import assert from 'node:assert/strict';
import { before, it } from 'mocha';
import type { RosProcess } from './processes.js';
import { describeRos } from './suite.js';
import { middlewares, rosSkip } from './workspace.js';

/** What someone does first: launch the demo and look around with the ros2 command. */
for (const middleware of middlewares) {
  describeRos(rosSkip, `ros2 launch on ${middleware}`, middleware, (ros) => {
    let launch: RosProcess;

    before(async () => {
      launch = ros.start(
        'ros2 launch tros_yolo_seg demo.launch.py rate:=5.0 size:=640x480 frame_id:=7 rviz:=false'.split(' '),
      );
      await launch.said(/frames in flight/);
      await launch.said(/Images from \/image/);
    });

    const ros2 = (line: string, wanted?: RegExp): Promise<string> => ros.ros2(line.split(' '), wanted);

    it('lists the contents of the package', async () => {
      assert.match(await ros2('pkg executables tros_yolo_seg'), /camera\n.*segment\n.*tros-yolo-seg\n/);
      assert.match(await ros2('interface show tros_yolo_seg/msg/InstanceArray'), /Instance\[\] instances/);
      const args = await ros2('launch tros_yolo_seg segment.launch.py --show-args');
      for (const name of ['model', 'camera', 'namespace', 'params_file', 'web', 'dds']) {
        assert.match(args, new RegExp(`'${name}':\\n\\s+\\S`), `${name} with its description`);
      }
    });

    it('shows its nodes and topics', async () => {
      await ros2('node list', /\/camera[^]*\/segment/);
      const topics = await ros2('topic list -t', /^\/image [^]*\/detections /m);
      for (const topic of [
        '/image [sensor_msgs/msg/Image]',
        '/segment/detections [vision_msgs/msg/Detection2DArray]',
      ]) {
        assert.ok(topics.includes(topic), topics);
      }
      assert.match(await ros2('node info /segment'), /\/segment\/load_model: tros_yolo_seg\/srv\/LoadModel/);
    });

    it('passes text that looks like a number as text', async () => {
      assert.match(await ros2('param get /camera frame_id', /value/), /String value is: 7/);
    });

    it('is received by ros2 topic hz', async () => {
      const hz = ros.start(['ros2', 'topic', 'hz', '/segment/detections']);
      await hz.said(/average rate: \d/);
      await hz.stop();
    });

    it('is understood by ros2 topic echo', async () => {
      const echoed = await ros2('topic echo --once /segment/instances tros_yolo_seg/msg/InstanceArray');
      assert.match(echoed, /image_width: 640\nimage_height: 480/);
      assert.match(echoed, /class_name: (circle|square|triangle|star|ring|cross)/);
    });

    it('answers ros2 service call', async () => {
      const args = ['/segment/enable', 'std_srvs/srv/SetBool', '{data: true}'];
      assert.match(
        await ros.ros2(['service', 'call', ...args], /response/),
        /success=True, message='enabled'/,
      );
    });

    it('is received by a node that subscribes to the overlay as rviz does', async () => {
      const peer = ros.peer();
      await peer.subscribe('/segment/overlay', 'sensor_msgs/msg/Image', { depth: 5 });
      const [message] = await peer.received('/segment/overlay', 1);
      assert.equal((message!.message as { encoding: string }).encoding, 'rgb8');
    });

    it('ends cleanly on Ctrl-C', async () => {
      await launch.stop('SIGINT');
      const finished = launch.output.match(/process has finished cleanly/g) ?? [];
      assert.equal(finished.length, 2, launch.output);
    });
  });
}
