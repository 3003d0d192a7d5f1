import { messageOf, reportOf } from '../../base/expect.js';
import { RosNode } from '../ros/ros-node.js';
import { StopSignal } from '../ros/stop-signal.js';
import { SegmentNode } from './segment-node.js';

/** The executable `segment`: runs the node until a signal ends it. */
async function main(): Promise<void> {
  const stop = new StopSignal();
  const ros = await RosNode.create('segment');
  let ending: Promise<void> | undefined;
  let node: SegmentNode | undefined;
  const end = (code: number): Promise<void> =>
    (ending ??= (async () => {
      try {
        await node?.end();
      } catch (error) {
        ros.log.error(messageOf(error));
      }
      ros.destroy();
      process.exit(code);
    })());
  stop.onStop(() => void end(0));
  // After a signal nothing is started, because `end` has already run.
  if (stop.received) return ending;
  try {
    node = new SegmentNode(ros);
    ros.spin();
    if (!(await node.start())) await end(1);
  } catch (error) {
    ros.log.error(reportOf(error));
    await end(1);
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${reportOf(error)}\n`);
  process.exit(1);
});
