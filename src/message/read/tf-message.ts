import { ExpectationError } from '../../base/expect.js';
import type { RigidTransform } from '../../vision/depth/rigid-transform.js';
import type { FrameHeader } from '../../vision/picture/frame-source.js';
import { CdrCursor } from './cdr-cursor.js';

/** A geometry_msgs/TransformStamped: the pose of `childFrameId` in `frameId`. */
export interface StampedTransform extends FrameHeader {
  readonly childFrameId: string;
  readonly pose: RigidTransform;
}

/** More in one message are a sign that it is another. */
const MOST = 10_000;

/** The transforms of a tf2_msgs/msg/TFMessage. @throws ExpectationError for bytes that are no such message */
export function readTransforms(cdr: Uint8Array): StampedTransform[] {
  const cursor = new CdrCursor(cdr, 'tf2_msgs/msg/TFMessage');
  const count = cursor.uint32('transforms');
  if (count > MOST) throw new ExpectationError(`at most ${MOST} transforms in a TFMessage`, count);
  return Array.from({ length: count }, () => {
    const { stamp, frameId } = cursor.header();
    const childFrameId = cursor.string('child_frame_id');
    const [x, y, z] = [cursor.float64('x'), cursor.float64('y'), cursor.float64('z')];
    const [qx, qy, qz, qw] = [
      ...[cursor.float64('rotation.x'), cursor.float64('rotation.y')],
      ...[cursor.float64('rotation.z'), cursor.float64('rotation.w')],
    ] as [number, number, number, number];
    return { stamp, frameId, childFrameId, pose: { x, y, z, qx, qy, qz, qw } };
  });
}
