import { ExpectationError, messageOf } from '../../base/expect.js';
import { openNativePublisher, whyNoNativePublisher, type NativePublisher } from '../../native/publisher.js';
import type { CameraMessage, ImageTransport } from '../../parameters/camera.js';
import {
  loanForm,
  messageForm,
  topicType,
  type CameraQos,
  type LoanForm,
  type LoanMessage,
  type MessageForm,
  type Sized,
} from './camera-messages.js';
import { describeLoans } from '../ros/loaned-messages.js';
import type { RawPublisher, RosNode } from '../ros/ros-node.js';

/** Where a camera's frames go: the form of its messages, and what sends them. */
export interface CameraPublisher<Message extends object = Buffer, Kept extends Sized = Sized> {
  readonly form: MessageForm<Message, Kept>;
  /** Fully resolved. */
  readonly topic: string;
  /** Number of subscriptions it has now. */
  readonly subscriptions: number;
  /** @returns false when the frame is lost because the middleware has no room for it */
  publish(message: Message): boolean;
  /** Whether reliable subscriptions have acknowledged all that was published. */
  delivered(): boolean;
  close(): void;
}

export interface CameraPublisherOptions {
  readonly message: CameraMessage;
  readonly qos: CameraQos;
  readonly transport: ImageTransport;
}

/**
 * Opens the publisher that the parameters ask for, and says in the log what it is.
 *
 * The native one is a node of its own, `<name>_publisher`: it is a participant of its own for DDS, and two nodes of one name would
 * look like a mistake.
 *
 * @throws ExpectationError when the message package is not installed, or the transport cannot be had
 */
export function openCameraPublisher(
  ros: RosNode,
  { message, qos, transport }: CameraPublisherOptions,
): CameraPublisher<object> {
  if (transport === 'native' && message === 'image') {
    throw new ExpectationError(
      'message hbm480p, hbm540p or hbm1080p for transport native',
      'image, which has no fixed size and so cannot be lent',
      'Choose such a message, or transport auto or rclnodejs.',
    );
  }
  if (transport === 'rclnodejs' || message === 'image') return new RclnodejsPublisher(ros, message, qos);
  const reason = whyNoNativePublisher(topicType(message));
  if (reason === undefined) {
    try {
      return new LoanPublisher(ros, loanForm(message, qos), transport);
    } catch (error) {
      if (transport === 'native') throw error;
      ros.log.warn(`${messageOf(error)} Publishing by way of rclnodejs.`);
    }
  } else if (transport === 'native') {
    throw new ExpectationError(
      'a camera that publishes natively',
      `an addon that cannot: ${reason}`,
      'Build with ROS 2 and hbm_img_msgs sourced (colcon build), or choose transport auto or rclnodejs.',
    );
  } else ros.log.info(`No native publisher: ${reason}.`);
  return new RclnodejsPublisher(ros, message, qos);
}

class RclnodejsPublisher implements CameraPublisher<Buffer, Buffer> {
  readonly form: MessageForm<Buffer, Buffer>;
  readonly #publisher: RawPublisher;

  constructor(ros: RosNode, message: CameraMessage, qos: CameraQos) {
    this.form = messageForm(message, qos);
    this.#publisher = ros.publish(this.form.type, this.form.topic, this.form.qos);
  }

  get topic(): string {
    return this.#publisher.topic;
  }

  get subscriptions(): number {
    return this.#publisher.subscriptions;
  }

  publish(message: Buffer): boolean {
    this.#publisher.publish(message);
    return true;
  }

  delivered(): boolean {
    return this.#publisher.delivered();
  }

  close(): void {
    this.#publisher.destroy();
  }
}

class LoanPublisher implements CameraPublisher<LoanMessage> {
  readonly topic: string;
  readonly #publisher: NativePublisher;

  constructor(
    ros: RosNode,
    readonly form: LoanForm,
    transport: ImageTransport,
  ) {
    this.topic = ros.resolve(form.topic);
    const slash = ros.fullName.lastIndexOf('/');
    const { reliability, depth } = ros.overriddenQos(this.topic, 'publisher', form.qos);
    this.#publisher = openNativePublisher({
      name: `${ros.fullName.slice(slash + 1)}_publisher`,
      namespace: ros.fullName.slice(0, slash) || '/',
      enclave: ros.enclave,
      message: form.type,
      topic: this.topic,
      reliability,
      depth,
    });
    const { zeroCopy, text } = describeLoans(this.#publisher);
    if (zeroCopy || transport === 'auto') ros.log.info(text);
    else ros.log.warn(text);
  }

  get subscriptions(): number {
    return this.#publisher.subscriptions();
  }

  publish({ frame, stamp, index }: LoanMessage): boolean {
    return this.#publisher.publish(frame, stamp.sec, stamp.nanosec, index);
  }

  delivered(): boolean {
    try {
      return this.#publisher.delivered();
    } catch {
      return true; // a middleware that cannot say
    }
  }

  close(): void {
    this.#publisher.close();
  }
}
