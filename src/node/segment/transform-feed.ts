import { messageOf } from '../../base/expect.js';
import type { Qos } from '../../message/qos.js';
import { readTransforms } from '../../message/read/tf-message.js';
import { type NoTransform, TransformBuffer } from '../../vision/depth/transform-buffer.js';
import type { RigidTransform } from '../../vision/depth/rigid-transform.js';
import { stampToNanoseconds } from '../../vision/picture/frame-source.js';
import type { RawSubscription, RosNode } from '../ros/ros-node.js';

const TYPE = 'tf2_msgs/msg/TFMessage';
/** As tf2_ros's DynamicListenerQoS and StaticListenerQoS. */
const DYNAMIC: Qos = { reliability: 'reliable', durability: 'volatile', depth: 100 };
const STATIC: Qos = { reliability: 'reliable', durability: 'transient_local', depth: 100 };

/** /tf and /tf_static of the node's cameras; subscribed to with the first lookup(). */
export class TransformFeed {
  readonly #buffer = new TransformBuffer();
  readonly #subscriptions: RawSubscription[] = [];
  readonly #listeners = new Set<() => void>();
  #warned = false;

  constructor(private readonly ros: Pick<RosNode, 'subscribe' | 'log'>) {}

  /** @param stamp nanoseconds @returns the transform of points from `source` to `target`, or why there is none */
  lookup(target: string, source: string, stamp: bigint): RigidTransform | NoTransform {
    try {
      this.#open();
    } catch (error) {
      return { missing: messageOf(error), later: false };
    }
    return this.#buffer.lookup(target, source, stamp);
  }

  /** Calls `listener` after each message, until the returned function is called. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    for (const subscription of this.#subscriptions.splice(0)) subscription.destroy();
  }

  #open(): void {
    if (this.#subscriptions.length > 0) return;
    for (const [topic, qos, fixed] of [
      ['/tf_static', STATIC, true],
      ['/tf', DYNAMIC, false],
    ] as const) {
      this.#subscriptions.push(this.ros.subscribe(TYPE, topic, qos, (cdr) => this.#receive(cdr, fixed)));
    }
  }

  #receive(cdr: Buffer, fixed: boolean): void {
    try {
      for (const { stamp, frameId, childFrameId, pose } of readTransforms(cdr)) {
        this.#buffer.add(frameId, childFrameId, stampToNanoseconds(stamp), pose, fixed);
      }
    } catch (error) {
      if (!this.#warned) this.ros.log.warn(messageOf(error));
      this.#warned = true;
      return;
    }
    for (const listener of this.#listeners) listener();
  }
}
