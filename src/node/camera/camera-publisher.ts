import { ExpectationError, messageOf } from '../../base/expect.js';
import { openNativePublisher, whyNoNativePublisher, type NativePublisher } from '../../native/publisher.js';
import { IMAGE_MESSAGES, STAND_IN_NAMES, type StandInName } from '../../message/image-messages.js';
import type { CdrForm, MessageForm, Sized } from '../../message/write/image-form.js';
import type { CameraParameters, ImageTransport } from '../../parameters/camera.js';
import { loanForm, type LoanForm, type LoanMessage, type LoanName, messageForm } from './camera-messages.js';
import { describeLoans } from '../ros/loaned-messages.js';
import type { RawPublisher, RosNode } from '../ros/ros-node.js';

/** Publishes a camera's frames: the form of its messages, and their publisher. */
export interface CameraPublisher<Message extends object = Buffer, Kept extends Sized = Sized> {
  readonly form: MessageForm<Message, Kept>;
  /** Fully resolved. */
  readonly topic: string;
  /** Current number of subscriptions. */
  readonly subscriptions: number;
  /** @returns false if the frame is lost because the middleware has no room for it */
  publish(message: Message): boolean;
  /** Whether reliable subscriptions have acknowledged all published messages. */
  delivered(): boolean;
  close(): void;
}

export type CameraPublisherOptions = Pick<CameraParameters, 'message' | 'qos' | 'transport'> &
  Partial<Pick<CameraParameters, 'hbm_encoding'>>;

/**
 * Opens the publisher chosen by the parameters, and logs which one it is.
 *
 * The native publisher is a separate node, `<name>_publisher`: it is a DDS participant of its own, and two nodes of the same name
 * would look like a mistake.
 *
 * @throws ExpectationError if the message package is not installed, or the transport is not available
 */
export function openCameraPublisher(ros: RosNode, options: CameraPublisherOptions): CameraPublisher<object> {
  const { message, hbm_encoding: hbmEncoding, qos, transport } = options;
  if (transport === 'native' && hbmEncoding === 'jpeg') {
    throw new ExpectationError(
      'hbm_encoding nv12 for transport native',
      'jpeg',
      'Pixels go into lent memory as they are; choose transport auto or rclnodejs for JPEG.',
    );
  }
  if (transport === 'native' && !isLoanable(message)) {
    throw new ExpectationError(
      `message ${listed(STAND_IN_NAMES.filter(isLoanable))} for transport native`,
      `${message}, which has no fixed size and so cannot be lent`,
      'Choose such a message, or transport auto or rclnodejs.',
    );
  }
  if (transport === 'rclnodejs' || hbmEncoding === 'jpeg' || !isLoanable(message))
    return new RclnodejsPublisher(ros, options);
  const reason = whyNoNativePublisher(IMAGE_MESSAGES[message].type);
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
  return new RclnodejsPublisher(ros, options);
}

/** "a, b or c" */
function listed(names: readonly string[]): string {
  return names.join(', ').replace(/, (\w+)$/, ' or $1');
}

function isLoanable(message: StandInName): message is LoanName {
  return 'hbm' in IMAGE_MESSAGES[message];
}

class RclnodejsPublisher implements CameraPublisher<Buffer, Buffer> {
  readonly form: CdrForm;
  readonly #publisher: RawPublisher;

  constructor(ros: RosNode, { message, hbm_encoding: hbmEncoding, qos }: CameraPublisherOptions) {
    this.form = messageForm(message, qos, hbmEncoding);
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
      return true; // the middleware does not support the query
    }
  }

  close(): void {
    this.#publisher.close();
  }
}
