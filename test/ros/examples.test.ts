import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, it } from 'mocha';
import { repository } from '../data.js';
import type { RosProcess } from './processes.js';
import { describeRos } from './suite.js';
import { middlewares, rosSkip } from './workspace.js';

const PAGES = ['README.md', 'docs/ros.md'].map((name) => readFileSync(join(repository, name), 'utf8'));

/** The commands of ROS that stand by themselves in README.md and docs/ros.md. */
const COMMANDS = PAGES.flatMap((page) => page.match(/^ {4}(?:\w+=\w+ )?ros2 .*$/gm) ?? []).map((line) =>
  line.trim(),
);

/** Those of files and devices that only the reader has: they are read here, not run. */
const OWN = /\/data\/|\/opt\/|CAM_TYPE=|my\.yaml|--enclave|create_enclave/;
const STARTS = COMMANDS.filter((line) => /^ros2 (run|launch)/.test(line) && !OWN.test(line));
const ASKS = COMMANDS.filter((line) => /^ros2 (param set|service call)/.test(line) && !OWN.test(line));

for (const middleware of middlewares) {
  describeRos(rosSkip, `commands of the pages, as they are typed, on ${middleware}`, middleware, (ros) => {
    let segment: RosProcess;

    before(() => {
      assert.ok(STARTS.length >= 3 && ASKS.length >= 3, COMMANDS.join('\n'));
    });

    for (const line of STARTS) {
      it(line, async () => {
        const process = ros.start(['bash', '-c', `exec ${line}`]);
        await process.said(/frames in flight/);
        await process.stop();
        assert.doesNotMatch(process.output, /ERROR.*segment/);
      });
    }

    it('tune the node while it runs', async () => {
      segment = ros.node('segment', []);
      await segment.said(/frames in flight/);
      for (const line of ASKS) {
        let output: string;
        // The daemon of the ros2 command learns of nodes by and by.
        do ({ output } = await ros.run(['bash', '-c', line]));
        while (/Node not found/i.test(output));
        assert.match(output, /successful|success=True/, line);
      }
      await segment.stop();
    });

    it('launch it twice without mixing up arguments', async () => {
      const file = join(ros.folder, 'two.launch.py');
      writeFileSync(file, /```python\n([^]*?)```/.exec(PAGES[1]!)![1]!);
      const launch = ros.start(['ros2', 'launch', file]);
      for (const [node, score, classes] of [
        ['front', /0\.6$/m, /circle/],
        ['rear', /0\.25$/m, /\[\]/],
      ] as const) {
        await launch.said(new RegExp(`\\[${node}\\]: .* frames in flight`));
        assert.match(await ros.ros2(['param', 'get', `/${node}`, 'score'], /value/), score);
        assert.match(await ros.ros2(['param', 'get', `/${node}`, 'classes'], /value/), classes);
      }
      await launch.stop();
    });
  });
}
