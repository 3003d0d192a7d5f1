import { ExpectationError, messageOf } from '../../base/expect.js';
import { addon } from '../../native/addon.js';
import type { CameraNode, ImageReading, SubscribedCamera } from '../../native/camera.js';
import type { ImageMessage } from '../../message/image-messages.js';
import type { ImageTransport } from '../../parameters/camera.js';
import type { Qos } from '../../message/qos.js';
import type { RclEndpoint } from '../ros/rclnodejs.js';
import type { RosNode } from '../ros/ros-node.js';

/**
 * Subscriptions whose messages are received in C++ (native/ros) and never pass through JavaScript.
 *
 * They belong to a second node of this process, `<name>_camera` in the same namespace: rclcpp and rclnodejs cannot share a node, and
 * two nodes of the same name could not be distinguished. Topics are resolved by the first node, so remaps given to the process apply to
 * both.
 */
export class NativeSubscriptions {
  /** Why native subscriptions are not available; undefined if they are. */
  readonly unavailable: string | undefined;
  readonly #messages: readonly string[];
  #node: CameraNode | undefined;

  /** @throws ExpectationError if `native` is required but not available */
  constructor(
    private readonly ros: RosNode,
    private readonly wanted: ImageTransport,
  ) {
    const found = wanted === 'rclnodejs' ? NOT_WANTED : addon().nativeCameras();
    this.#messages = found.available ? found.messages : [];
    this.unavailable = found.available ? undefined : found.reason;
    if (this.required && !found.available) {
      throw new ExpectationError(
        'native subscriptions for camera_transport native',
        found.reason,
        'Build with colcon where rclcpp is installed, or set camera_transport to auto.',
      );
    }
  }

  /** Whether the user requires native subscriptions. */
  get required(): boolean {
    return this.wanted === 'native';
  }

  /** @returns whether these messages should be received natively */
  supports({ type, native }: ImageMessage): boolean {
    return native && this.#messages.includes(type);
  }

  /**
   * @param topic fully resolved
   * @returns undefined if rclnodejs should be used instead
   * @throws ExpectationError if `native` is required and the middleware refuses
   */
  subscribe(topic: string, message: string, qos: Qos, reading: ImageReading): SubscribedCamera | undefined {
    try {
      this.#node ??= this.#open();
      return this.#node.subscribe({ topic, message, ...qos, reading });
    } catch (error) {
      if (this.required) {
        throw new ExpectationError(`a native subscription to ${topic}`, messageOf(error));
      }
      this.ros.log.warn(`${topic}: ${messageOf(error)} Its messages are received by rclnodejs instead.`);
      return undefined;
    }
  }

  /**
   * Publishers of a topic that the second node has discovered: with Fast DDS's discovery server a participant only discovers topics of
   * which it has endpoints.
   *
   * @param topic fully resolved
   */
  publishersOf(topic: string): readonly RclEndpoint[] {
    return this.#node?.publishers(topic) ?? [];
  }

  close(): void {
    this.#node?.close();
    this.#node = undefined;
  }

  /** /namespace/name of the node that subscribes. */
  get nodeName(): string {
    return `${this.ros.fullName}_camera`;
  }

  #open(): CameraNode {
    const slash = this.nodeName.lastIndexOf('/');
    return addon().openCameraNode({
      name: this.nodeName.slice(slash + 1),
      namespace: this.nodeName.slice(0, slash) || '/',
      enclave: this.ros.enclave,
    });
  }
}

const NOT_WANTED = { available: false, reason: 'camera_transport is rclnodejs' } as const;
