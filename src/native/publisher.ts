import { ExpectationError, messageOf } from '../base/expect.js';
import type { Nv12Frame } from '../vision/picture/nv12-frame.js';
import { addon } from './addon.js';

/** Options of openImagePublisher() (native/ros/bindings.cc). */
export interface NativePublisherOptions {
  /** Name of the publisher's node, which is separate from rclnodejs's and needs its own name. */
  readonly name: string;
  /** Absolute: / or /front. */
  readonly namespace: string;
  /** Default: the value of ROS_DOMAIN_ID. */
  readonly domain?: number;
  /** The SROS2 enclave. Default: / */
  readonly enclave?: string | undefined;
  /** hbm_img_msgs/msg/HbmMsg1080P ... */
  readonly message: string;
  /** Absolute. */
  readonly topic: string;
  readonly reliability: 'reliable' | 'best_effort';
  /** Depth of the keep-last history, 1 to 1000. */
  readonly depth: number;
}

/** An rclcpp publisher that writes frames into messages loaned by the middleware, if it lends any. */
export interface NativePublisher {
  /** rmw_fastrtps_cpp ... */
  readonly middleware: string;
  /** Whether the middleware lends messages for this topic. */
  readonly loans: boolean;
  /** Whether loaned messages are in shared memory, as observed when the publisher was opened. */
  readonly shared: boolean;
  /** Why borrowing failed when the publisher was opened, although the middleware lends messages; else empty. */
  readonly refusal: string;
  /**
   * Copies the picture into a message and publishes it.
   *
   * @param index the publisher's counter, 32 bits
   * @returns false when no message is available, because subscribers hold all of them: the frame is lost
   * @throws TypeError for a frame that does not fit in the message; Error from the middleware
   */
  publish(frame: Nv12Frame, sec: number, nanosec: number, index: number): boolean;
  subscriptions(): number;
  /** Whether all reliable subscriptions have acknowledged everything. */
  delivered(): boolean;
  /** Idempotent; the other methods throw afterwards. */
  close(): void;
}

/** Additional exports of an addon that was built with rclcpp. */
interface PublisherAddon {
  /** Message types supported by this build. */
  publishedMessages(): string[];
  openImagePublisher(options: NativePublisherOptions): NativePublisher;
}

/** Why frames of this type cannot be published natively; undefined if they can. */
export function whyNoNativePublisher(message: string): string | undefined {
  let native: Partial<PublisherAddon>;
  try {
    native = addon() as Partial<PublisherAddon>;
  } catch (error) {
    return messageOf(error);
  }
  if (!native.publishedMessages) {
    return 'the addon was built without rclcpp, by npm or where ROS 2 was not sourced; colcon build makes one with it';
  }
  const messages = native.publishedMessages();
  if (messages.includes(message)) return undefined;
  if (messages.length === 0) return 'hbm_img_msgs was not installed when the addon was built; build again';
  return `${message} is not one of ${messages.join(', ')}: messages without a fixed size cannot be lent`;
}

/** @throws ExpectationError when native publishing is unavailable, or rclcpp refuses */
export function openNativePublisher(options: NativePublisherOptions): NativePublisher {
  const reason = whyNoNativePublisher(options.message);
  if (reason !== undefined) throw new ExpectationError('a native publisher', reason);
  try {
    return (addon() as unknown as PublisherAddon).openImagePublisher(options);
  } catch (error) {
    throw new ExpectationError(
      `${options.topic} with ${options.message} to be possible for rclcpp`,
      messageOf(error),
      'Check the name of the topic. With Cyclone DDS limited to this machine, a ROS_DOMAIN_ID has room for few participants.',
      { cause: error },
    );
  }
}
