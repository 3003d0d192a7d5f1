import { ExpectationError, reportOf } from '../../base/expect.js';
import { CameraNode } from './camera-node.js';
import { RosNode } from '../ros/ros-node.js';
import { StopSignal } from '../ros/stop-signal.js';

/** Milliseconds by which reading a frame may delay the end. */
const GRACE = 1000;

/**
 * The executable `camera`.
 *
 * Exit code: 0 after the last input or a signal, 2 if nothing could be published, 1 if publishing was aborted.
 */
async function main(): Promise<void> {
  const stop = new StopSignal();
  const ros = await RosNode.create('camera');
  let node: CameraNode | undefined;
  const exit = (code: number): void => {
    node?.close();
    ros.destroy();
    process.exit(code);
  };
  stop.onStop(() => {
    if (node === undefined) exit(0);
    node?.end();
    setTimeout(() => exit(0), GRACE).unref();
  });
  try {
    node = new CameraNode(ros);
    ros.spin();
    await node.run();
    exit(0);
  } catch (error) {
    ros.log.error(reportOf(error));
    exit(error instanceof ExpectationError ? 2 : 1);
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${reportOf(error)}\n`);
  process.exit(2);
});
