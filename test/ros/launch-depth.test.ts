import assert from 'node:assert/strict';
import { before, it } from 'mocha';
import type { RosProcess } from './processes.js';
import { describeRos } from './suite.js';
import { middlewares, rosSkip } from './workspace.js';

/** Objects in space without a camera: what docs/depth.md shows first. */
for (const middleware of middlewares) {
  describeRos(rosSkip, `ros2 launch of scenes with their depth on ${middleware}`, middleware, (ros) => {
    let launch: RosProcess;

    before(async () => {
      launch = ros.start(
        'ros2 launch tros_yolo_seg demo.launch.py depth:=scene rate:=2.0 size:=640x480 rviz:=false'.split(
          ' ',
        ),
      );
      await launch.said(/frames in flight/);
      await launch.said(/Images from \/image/);
    });

    /** Until a message has what is wanted: a scene may have nothing in it. */
    const echo = (topic: string, type: string, wanted: RegExp): Promise<string> =>
      ros.ros2(['topic', 'echo', '--once', '--no-arr', `/segment/${topic}`, type], wanted);

    it('publishes points of the instances', async () => {
      const points = await echo('points', 'sensor_msgs/msg/PointCloud2', /^width: [1-9]\d*$/m);
      assert.match(points, /frame_id: camera/);
      assert.match(points, /fields: .*length: 7/);
    });

    it('publishes boxes of the instances', async () => {
      const detections = await echo(
        'detections_3d',
        'vision_msgs/msg/Detection3DArray',
        /detections: .*length: [1-9]/,
      );
      assert.match(detections, /frame_id: camera/);
    });

    it('publishes depth without the instances', async () => {
      const masked = await echo('depth_masked', 'sensor_msgs/msg/Image', /encoding: /);
      assert.match(masked, /height: 480\nwidth: 640\nencoding: 16UC1/);
    });

    it('ends cleanly on Ctrl-C', async () => {
      await launch.stop('SIGINT');
      assert.equal((launch.output.match(/process has finished cleanly/g) ?? []).length, 2, launch.output);
    });
  });
}
