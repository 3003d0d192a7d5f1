import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'mocha';
import type { RosProcess } from './processes.js';
import { describeRos } from './suite.js';
import { middlewares, rosSkip } from './workspace.js';

/** Nobody but the launch file starts a camera here. */
const LAUNCH = ['ros2', 'launch', 'tros_yolo_seg', 'segment.launch.py', 'camera:=false'];

for (const middleware of middlewares) {
  describeRos(rosSkip, `parameters of the node segment on ${middleware}`, middleware, (ros) => {
    let segment: RosProcess;

    it('warns of unknown parameters', async () => {
      segment = ros.node('segment', ['-p', 'scroe:=0.3', '-p', 'score:=0.3', '-p', 'of_another_node:=1']);
      await segment.said(/There is no parameter scroe, it has no effect\. Did you mean score\?/);
      await segment.said(/frames in flight/);
      assert.doesNotMatch(segment.output, /of_another_node/);
    });

    it('gives ros2 param set the reason of a refusal', async () => {
      for (const [name, value, said] of [
        ['scroe', '0.3', /Expected a parameter of \/segment but received scroe\. Did you mean score\? /],
        ['anything', '1', /Expected a parameter of \/segment but received anything\. ros2 param list/],
        ['use_sim_time', '5', /Expected true or false for parameter use_sim_time but received 5\./],
        ['score', 'high', /Expected a number from 0 to 1 for parameter score but received high\./],
        ['classes', '[]', /successful/],
        ['anything', '[1, 2]', /Expected a parameter of \/segment but received anything/],
        ['max_rate', '[10]', /successful/],
        ['roi', "['2,4,60']", /Expected x,y,width,height in pixels for parameter roi but received 2,4,60\./],
        ['roi', "['2,4,60,40']", /successful/],
      ] as const) {
        const output = await ros.ros2(['param', 'set', '/segment', name, value], /failed|successful/);
        assert.match(output, said);
      }
    });

    it('starts again from the output of ros2 param dump', async () => {
      const dump = await ros.ros2(['param', 'dump', '/segment'], /use_sim_time/);
      assert.match(dump, /classes: \[\]/);
      await segment.stop();
      const file = join(ros.folder, 'dumped.yaml');
      // Cyclone DDS writes a line of its own in front.
      writeFileSync(file, dump.slice(dump.indexOf('/segment:')));
      segment = ros.node('segment', ['--params-file', file]);
      await segment.said(/frames in flight/);
      assert.match(await ros.ros2(['param', 'get', '/segment', 'score'], /value/), /0\.3/);
      assert.match(await ros.ros2(['param', 'get', '/segment', 'roi'], /value/), /2,4,60,40/);
      await segment.stop();
    });

    it('reports a failed start once, in its own words, and ends', async () => {
      for (const [argument, said] of [
        ['images:=bad-name', /received bad-name\. /],
        ['tros_topic:="no topic"', /no topic/],
        ['model:=/nowhere/model.onnx', /\/nowhere\/model\.onnx/],
        ['score:=high', /received high\./],
      ] as const) {
        const failed = ros.node('segment', ['-p', argument]);
        assert.equal(await failed.ended(), 1, failed.output);
        const complaints = failed.output.split('\n').filter((line) => said.test(line));
        assert.equal(complaints.length, 1, failed.output);
        assert.doesNotMatch(failed.output, /^ +at /m, 'no stack trace');
      }
    });

    it('is not launched with a file of parameters that is not there', async () => {
      const launch = ros.start([...LAUNCH, 'params_file:=/nowhere/my.yaml']);
      assert.equal(await launch.ended(), 1, launch.output);
      assert.match(launch.output, /Expected a YAML file .* but there is no file \/nowhere\/my\.yaml/);
      assert.doesNotMatch(launch.output, /process started/);
    });

    it('ends the launch if it is required and its start fails', async () => {
      const launch = ros.start([...LAUNCH, 'camera:=stand-in', 'model:=/nowhere.onnx', 'required:=true']);
      await launch.ended();
      assert.match(launch.output, /process\[segment-\d\] was required: shutting down/);
      // Node.js dies of a SIGINT that comes before the camera's own code runs.
      assert.match(launch.output, /\[camera-\d\]: process has (finished cleanly|died .*exit code -2)/);
    });
  });
}
