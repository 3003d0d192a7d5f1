import assert from 'node:assert/strict';
import { it } from 'mocha';
import { join } from 'node:path';
import { repository } from '../data.js';
import type { RosProcess } from './processes.js';
import { emulated, recordedModel } from './recorded-model.js';
import { describeRos } from './suite.js';
import { rosSkip, setups } from './workspace.js';

/** ParameterType of a list of integers. */
const INTEGERS = 7;
/** Of strings. */
const STRINGS = 9;

/** Every way in which a user gives parameters: the config file that is shipped, that of version 0.1.0, a list of integers by hand and by launch. */
for (const { middleware, transport, name } of setups) {
  describeRos(rosSkip, `parameters from outside on ${name}`, middleware, (ros) => {
    const node = (title: string, ...more: string[]): RosProcess =>
      ros.node('segment', ['-r', `__node:=${title}`, ...more, ...emulated(transport)]);

    const launch = (title: string, step: string, ...more: string[]): RosProcess => {
      const { model, labels, library } = recordedModel();
      return ros.start(
        [
          ...['ros2', 'launch', 'tros_yolo_seg', 'segment.launch.py', 'camera:=false', `name:=${title}`],
          ...[`model:=${model}`, `labels:=${labels}`, `image_step:=${step}`, ...more],
        ],
        { ...ros.env, TROS_YOLO_SEG_LIBDNN: library },
      );
    };

    it('starts the node, and equals its parameters', async () => {
      const config = join(ros.prefix, 'share/tros_yolo_seg/config/segment.yaml');
      const former = join(repository, 'test/compatibility/0.1.0/segment.yaml');
      const cameras = ['images:=/a/image,/b/image', 'roi:=2,4,60,40;'];
      const cases: [title: string, started: RosProcess, steps: number[], regions?: string[]][] = [
        ['shipped', node('shipped', '--params-file', config), [0]],
        ['former', node('former', '--params-file', former), [0]],
        ['listed', node('listed', '-p', 'image_step:=[2048]', '-p', 'image_rows:=[1088]'), [2048]],
        ['single', node('single', '-p', 'image_step:=2048', '-p', 'roi:=2,4,60,40'), [2048], ['2,4,60,40']],
        ['launched', launch('launched', '2048', ...cameras), [2048], ['2,4,60,40', ' ']],
        ['bracketed', launch('bracketed', '[2048]'), [2048]],
      ];
      const peer = ros.peer();
      for (const [title, started, steps, regions = []] of cases) {
        await started.said(/frames in flight/);
        const { values } = await peer.call(`/${title}/get_parameters`, 'rcl_interfaces/srv/GetParameters', {
          names: ['image_step', 'roi'],
        });
        const [step, roi] = values as [
          { type: number; integer_array_value: number[] },
          { type: number; string_array_value: string[] },
        ];
        assert.deepEqual([step.type, Array.from(step.integer_array_value)], [INTEGERS, steps], title);
        assert.deepEqual([roi.type, roi.string_array_value], [STRINGS, regions], title);
      }
      await ros.end();
    });
  });
}
