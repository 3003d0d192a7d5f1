import { ExpectationError, messageOf } from '../../base/expect.js';
import { CameraNode } from './camera-node.js';
import { RosNode } from '../ros/ros-node.js';

/** Milliseconds by which reading a frame may delay the end. */
const GRACE = 1000;

/**
 * The executable `camera`.
 *
 * Exit code: 0 after the last input or a signal, 2 if nothing could be published, 1 if publishing was aborted.
 */
async function main(): Promise<void> {
  const ros = await RosNode.create('camera');
  let node: CameraNode | undefined;
  const exit = (code: number): void => {
    node?.close();
    ros.destroy();
    process.exit(code);
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      node?.end();
      setTimeout(() => exit(0), node ? GRACE : 0).unref();
    });
  }
  try {
    node = new CameraNode(ros);
    ros.spin();
    await node.run();
    exit(0);
  } catch (error) {
    ros.log.error(describe(error));
    exit(error instanceof ExpectationError ? 2 : 1);
  }
}

function describe(error: unknown): string {
  if (error instanceof ExpectationError || !(error instanceof Error)) return messageOf(error);
  return error.stack ?? error.message;
}

main().catch((error: unknown) => {
  process.stderr.write(`${describe(error)}\n`);
  process.exit(2);
});
