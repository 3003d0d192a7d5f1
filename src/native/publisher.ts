import { ExpectationError, messageOf } from '../base/expect.js';
import type { Nv12Frame } from '../vision/picture/nv12-frame.js';
import { addon } from './addon.js';

/** What native/ros/bindings.cc is asked for. */
export interface NativePublisherOptions {
  /** Of the publisher's node: it is not rclnodejs's, so it needs a name of its own. */
  readonly name: string;
  /** Absolute: / or /front. */
  readonly namespace: string;
  /** Left out: that of ROS_DOMAIN_ID. */
  readonly domain?: number;
  /** Of its security files (SROS2). Left out: / */
  readonly enclave?: string | undefined;
  /** hbm_img_msgs/msg/HbmMsg1080P ... */
  readonly message: string;
  /** Absolute. */
  readonly topic: string;
  readonly reliability: 'reliable' | 'best_effort';
  /** Of keep-last history, 1 to 1000. */
  readonly depth: number;
}

/** A publisher of rclcpp that writes frames into messages of the middleware, where it lends any. */
export interface NativePublisher {
  /** rmw_fastrtps_cpp ... */
  readonly middleware: string;
  /** Whether the middleware lends messages for this topic. */
  readonly loans: boolean;
  /** Whether those lie in shared memory, as a first one did that was borrowed and given back. */
  readonly shared: boolean;
  /** Why there was no first one, although the middleware lends; else empty. */
  readonly refusal: string;
  /**
   * Copies the picture into a message and sends it.
   *
   * @param index the publisher's counter, of 32 bits
   * @returns false when no message was to be had, because subscribers hold them all: the frame is lost
   * @throws TypeError for a frame that the message has no room for; Error from the middleware
   */
  publish(frame: Nv12Frame, sec: number, nanosec: number, index: number): boolean;
  subscriptions(): number;
  /** Whether reliable subscriptions have acknowledged all that was sent. */
  delivered(): boolean;
  /** Idempotent; the other methods throw afterwards. */
  close(): void;
}

/** What the addon has besides when colcon built it where rclcpp is. */
interface PublisherAddon {
  /** Types that it was built with. */
  publishedMessages(): string[];
  openImagePublisher(options: NativePublisherOptions): NativePublisher;
}

/** Why frames of this type cannot be published natively; undefined: they can. */
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

/** @throws ExpectationError where it is not available, and for what rclcpp refuses */
export function openNativePublisher(options: NativePublisherOptions): NativePublisher {
  const reason = whyNoNativePublisher(options.message);
  if (reason !== undefined) throw new ExpectationError('a native publisher', reason);
  try {
    return (addon() as unknown as PublisherAddon).openImagePublisher(options);
  } catch (error) {
    throw new ExpectationError(
      `${options.topic} with ${options.message} to be possible for rclcpp`,
      messageOf(error),
      'Check the name of the topic. With Cyclone DDS, ROS_LOCALHOST_ONLY=1 allows few participants in one ROS_DOMAIN_ID.',
      { cause: error },
    );
  }
}
