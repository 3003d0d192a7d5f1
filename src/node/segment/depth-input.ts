import { messageOf } from '../../base/expect.js';
import { compatible, IMAGE_QOS, type Qos, SENSOR_QOS, sameQos } from '../../message/qos.js';
import { type CameraInfo, readCameraInfo } from '../../message/read/camera-info.js';
import { endpointQos, type RawSubscription, type RosNode } from '../ros/ros-node.js';

const IMAGE = 'sensor_msgs/msg/Image';
const CAMERA_INFO = 'sensor_msgs/msg/CameraInfo';

type DepthRos = Pick<RosNode, 'subscribe' | 'publishersOf' | 'resolve' | 'log'>;

/** The newest CameraInfo of several topics: of the first in the list that has sent one. */
export class CameraInfoInput {
  #found: CameraInfo | undefined;
  #rank = Infinity;
  #subscriptions: RawSubscription[] = [];
  /** Why the last message could not be used. */
  problem: string | undefined;

  /** @param topics the better ones first */
  constructor(
    private readonly ros: DepthRos,
    readonly topics: readonly string[],
  ) {}

  get value(): CameraInfo | undefined {
    return this.#found;
  }

  open(): void {
    if (this.#subscriptions.length > 0) return;
    this.#subscriptions = this.topics.map((topic, rank) =>
      this.ros.subscribe(CAMERA_INFO, topic, SENSOR_QOS, (cdr) => this.#receive(cdr, rank)),
    );
  }

  close(): void {
    for (const subscription of this.#subscriptions.splice(0)) subscription.destroy();
  }

  #receive(cdr: Buffer, rank: number): void {
    if (rank > this.#rank) return;
    try {
      this.#found = readCameraInfo(cdr);
      this.#rank = rank;
      this.problem = undefined;
    } catch (error) {
      this.problem = messageOf(error);
    }
  }
}

/** The subscription to a depth topic: reliable if all publishers are when it is opened, which loses the fewest pictures. */
export class DepthInput {
  /** Fully resolved. */
  readonly topic: string;
  #subscription: RawSubscription | undefined;
  #qos: Qos = SENSOR_QOS;
  publisherCount = 0;

  constructor(
    private readonly ros: DepthRos,
    topic: string,
    private readonly receive: (cdr: Buffer) => void,
  ) {
    this.topic = ros.resolve(topic);
  }

  /** Subscribes, and does so again when a publisher is incompatible. To be called about twice a second. */
  follow(): void {
    const offers = this.ros.publishersOf(this.topic).map(endpointQos);
    this.publisherCount = offers.length;
    const reliable = offers.length > 0 && offers.every(({ reliability }) => reliability === 'reliable');
    const qos: Qos = reliable ? IMAGE_QOS.reliable : SENSOR_QOS;
    if (
      this.#subscription &&
      (sameQos(qos, this.#qos) || offers.every((offer) => compatible(this.#qos, offer)))
    )
      return;
    this.close();
    this.#qos = qos;
    this.#subscription = this.ros.subscribe(IMAGE, this.topic, qos, this.receive);
  }

  close(): void {
    this.#subscription?.destroy();
    this.#subscription = undefined;
  }
}
