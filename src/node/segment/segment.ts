import { ExpectationError, messageOf } from '../../base/expect.js';
import { RosNode } from '../ros/ros-node.js';
import { SegmentNode } from './segment-node.js';

/** The executable `segment`: runs the node until a signal ends it. */
async function main(): Promise<void> {
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
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => void end(0));
  }
  try {
    node = new SegmentNode(ros);
    ros.spin();
    if (!(await node.start())) await end(1);
  } catch (error) {
    ros.log.error(describe(error));
    await end(1);
  }
}

function describe(error: unknown): string {
  if (error instanceof ExpectationError || !(error instanceof Error)) return messageOf(error);
  return error.stack ?? error.message;
}

main().catch((error: unknown) => {
  process.stderr.write(`${describe(error)}\n`);
  process.exit(1);
});
