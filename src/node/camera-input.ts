import { messageOf } from '../expect.js';
import { CameraImageReader } from '../frame/camera-image.js';
import { CameraFrame, IMAGE_MESSAGES, type ImageMessage } from './camera-frame.js';
import { compatible, describeQos, endpointQos, IMAGE_QOS, type Qos, SENSOR_QOS } from './qos.js';
import type { RclEndpoint } from './rclnodejs.js';
import type { RawSubscription, RosNode } from './ros-node.js';

export interface CameraInputOptions {
  /** Type of the messages; `auto`: that of the topic's publishers. */
  readonly type: ImageMessage | 'auto';
  /** Value of parameter `image_qos`. */
  readonly qos: string;
  readonly hbmFrameId: string;
  /** Frames that are in use at once, at most. */
  readonly framesInUse: number;
}

const MESSAGES = Object.keys(IMAGE_MESSAGES) as ImageMessage[];

/**
 * The subscription to one image topic. Follows the topic's publishers: finds out their type, subscribes anew when another type
 * takes over, and notices publishers it cannot hear.
 */
export class CameraInput {
  readonly topic: string;
  #subscription: RawSubscription | undefined;
  #message: ImageMessage | undefined;
  #qos: Qos = SENSOR_QOS;
  readonly #reader: CameraImageReader;
  readonly #warned = new Set<string>();
  /** Messages that came, readable or not. */
  received = 0;
  /** Messages that were no images of their type. */
  malformed = 0;
  lastMalformed: string | undefined;
  /** What is wrong with the topic; undefined when nothing is. */
  problem: string | undefined;

  /** @param receive is given each frame as it comes */
  constructor(
    private readonly ros: RosNode,
    topic: string,
    private readonly options: CameraInputOptions,
    private readonly receive: (frame: CameraFrame) => void,
  ) {
    this.topic = ros.resolve(topic);
    this.#reader = new CameraImageReader(options.framesInUse);
  }

  /** Message type subscribed to, if any: sensor_msgs/msg/Image ... */
  get messageType(): string | undefined {
    return this.#message && IMAGE_MESSAGES[this.#message];
  }

  get qos(): string {
    return describeQos(this.#qos);
  }

  /** Looks at the topic's publishers; to be called about twice a second. */
  follow(): void {
    const publishers = this.ros.publishersOf(this.topic);
    const { type } = this.options;
    const message = type === 'auto' ? this.#chooseMessage(publishers) : type;
    if (message === undefined) return;
    const qos = this.#chooseQos(publishers, IMAGE_MESSAGES[message]);
    if (!this.#subscription || message !== this.#message || qos.reliability !== this.#qos.reliability) {
      this.#subscribe(message, qos);
    }
    this.#judge(publishers);
  }

  /** Ends the subscription; `follow` makes it anew. */
  close(): void {
    this.#subscription?.destroy();
    this.#subscription = undefined;
    this.problem = undefined;
  }

  #subscribe(message: ImageMessage, qos: Qos): void {
    this.#subscription?.destroy();
    this.#subscription = undefined;
    this.#message = message;
    this.#qos = qos;
    const type = IMAGE_MESSAGES[message];
    try {
      this.#subscription = this.ros.subscribe(type, this.topic, qos, (cdr) => this.#take(cdr, message));
      this.ros.log.info(`Images from ${this.topic} (${type}, ${describeQos(qos)})`);
    } catch (error) {
      this.#warnOnce(messageOf(error));
      this.problem = messageOf(error);
    }
  }

  #take(cdr: Uint8Array, message: ImageMessage): void {
    this.received++;
    let frame: CameraFrame;
    try {
      frame = CameraFrame.read(cdr, message, this.#reader, this.options.hbmFrameId);
    } catch (error) {
      this.malformed++;
      this.lastMalformed = messageOf(error);
      return;
    }
    this.receive(frame);
  }

  /** The type of the publishers; the present one as long as any of them has it. */
  #chooseMessage(publishers: readonly RclEndpoint[]): ImageMessage | undefined {
    const types = publishers.map(({ topic_type }) => topic_type);
    if (this.#message && types.includes(IMAGE_MESSAGES[this.#message])) return this.#message;
    return MESSAGES.find((message) => types.includes(IMAGE_MESSAGES[message])) ?? this.#message;
  }

  #chooseQos(publishers: readonly RclEndpoint[], type: string): Qos {
    const named = IMAGE_QOS[this.options.qos];
    if (named) return named;
    const offers = publishers.filter(({ topic_type }) => topic_type === type).map(endpointQos);
    if (offers.length === 0) return this.#subscription ? this.#qos : SENSOR_QOS;
    const reliable = offers.every(({ reliability }) => reliability === 'reliable');
    return { ...SENSOR_QOS, reliability: reliable ? 'reliable' : 'best_effort' };
  }

  /** Notices publishers that this subscription cannot hear. */
  #judge(publishers: readonly RclEndpoint[]): void {
    if (!this.#subscription) return;
    this.problem = undefined;
    for (const publisher of publishers) {
      const { node_name, node_namespace, topic_type } = publisher;
      const who = `${node_namespace.replace(/\/$/, '')}/${node_name}`;
      const offered = endpointQos(publisher);
      let problem: string | undefined;
      if (topic_type !== this.messageType) {
        problem =
          `Expected ${this.messageType} on ${this.topic} but ${who} publishes ${topic_type}. ` +
          'Remap one of them, or set image_type.';
      } else if (!compatible(this.#qos, offered)) {
        problem =
          `Expected a publisher that matches the QoS ${this.qos} of this node on ${this.topic} ` +
          `but ${who} offers ${describeQos(offered)}. Set image_qos to sensor_data or match.`;
      }
      if (problem === undefined) continue;
      this.problem = problem;
      this.#warnOnce(problem);
    }
  }

  #warnOnce(text: string): void {
    if (this.#warned.has(text)) return;
    this.#warned.add(text);
    this.ros.log.warn(text);
  }
}
