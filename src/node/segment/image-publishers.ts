import type { Clock } from '../../base/clock.js';
import {
  IMAGE_MESSAGE_NAMES,
  IMAGE_MESSAGES,
  type ImageMessage,
  type ImageMessageName,
} from '../../message/image-messages.js';
import { compatible, describeQos, IMAGE_QOS, type Qos, qosText, SENSOR_QOS } from '../../message/qos.js';
import type { SegmentParameters } from '../../parameters/segment.js';
import type { RclEndpoint } from '../ros/rclnodejs.js';
import { endpointNode, endpointQos, type RosNode } from '../ros/ros-node.js';
import type { NativeSubscriptions } from './native-subscriptions.js';

/** Milliseconds after which a topic without publishers is subscribed to with a guessed type. */
const GUESS_AFTER = 1000;

export interface ImagePublishersOptions {
  /** Type of the messages; `auto`: that of the topic's publishers. */
  readonly type: ImageMessageName | 'auto';
  /** Value of parameter `image_qos`. */
  readonly qos: SegmentParameters['image_qos'];
  readonly native: NativeSubscriptions;
}

/** The publishers of an image topic, and the type and QoS of a subscription that fits them. */
export class ImagePublishers {
  #endpoints: readonly RclEndpoint[] = [];
  /** At the last `compare`. */
  #ids: ReadonlySet<string> = new Set();
  /** Since when the type has been unknown. */
  #unknownSince: number | undefined;

  /** @param topic fully resolved */
  constructor(
    private readonly ros: RosNode,
    private readonly topic: string,
    private readonly options: ImagePublishersOptions,
    private readonly clock: Clock,
  ) {}

  /** Number of publishers at the last `find`. */
  get count(): number {
    return this.#endpoints.length;
  }

  /** Finds the publishers that either node of this process has discovered. */
  find(): void {
    const found = [...this.ros.publishersOf(this.topic), ...this.options.native.publishersOf(this.topic)];
    this.#endpoints = [...new Map(found.map((endpoint) => [idOf(endpoint), endpoint])).values()];
  }

  /**
   * Compares the publishers with those at the last call.
   *
   * @returns whether one has gone, or another one has come; the first publisher does not count as a change
   */
  compare(): { changed: boolean; gone: boolean } {
    const former = this.#ids;
    this.#ids = new Set(this.#endpoints.map(idOf));
    const gone = [...former].some((id) => !this.#ids.has(id));
    return { changed: gone || (former.size > 0 && former.size !== this.#ids.size), gone };
  }

  /**
   * The message type to subscribe to: the current one as long as any publisher has it.
   *
   * @param current type of the subscription, if there is one
   * @returns undefined while it is unknown
   */
  message(current: ImageMessageName | undefined): ImageMessageName | undefined {
    if (this.options.type !== 'auto') return this.options.type;
    const types = this.#endpoints.map(({ topic_type }) => topic_type);
    if (current && types.includes(IMAGE_MESSAGES[current].type)) return current;
    return (
      IMAGE_MESSAGE_NAMES.find((message) => types.includes(IMAGE_MESSAGES[message].type)) ??
      current ??
      this.#guess()
    );
  }

  /**
   * Fast DDS's discovery server announces only topics that the participant uses: without a subscription, the node would never discover a
   * publisher. A subscription of any type discovers publishers of all types; the likeliest type saves time.
   */
  #guess(): ImageMessageName | undefined {
    const now = this.clock();
    this.#unknownSince ??= now;
    if (now - this.#unknownSince < GUESS_AFTER) return undefined;
    const likely = (name: ImageMessageName): boolean => {
      const { likelyOn }: ImageMessage = IMAGE_MESSAGES[name];
      return likelyOn?.test(this.topic) === true;
    };
    return IMAGE_MESSAGE_NAMES.find(likely) ?? 'image';
  }

  /** The QoS for a subscription of this type. */
  qos(type: string): Qos {
    const { qos } = this.options;
    if (qos !== 'match') return this.#overridden(IMAGE_QOS[qos]);
    const offers = this.#endpoints.filter(({ topic_type }) => topic_type === type).map(endpointQos);
    // Best effort is compatible with every publisher, from its first frame on.
    if (offers.length === 0) return this.#overridden(SENSOR_QOS);
    const reliable = offers.every(({ reliability }) => reliability === 'reliable');
    return this.#overridden({ ...SENSOR_QOS, reliability: reliable ? 'reliable' : 'best_effort' });
  }

  #overridden(qos: Qos): Qos {
    return this.ros.overriddenQos(this.topic, 'subscription', qos);
  }

  /** Whether a subscription with this QoS is compatible with all publishers. */
  fit(qos: Qos): boolean {
    return this.#endpoints.every((endpoint) => compatible(qos, endpointQos(endpoint)));
  }

  /** One sentence or two for each publisher that is incompatible with a subscription of this type and QoS. */
  problems(type: string, qos: Qos): string[] {
    return this.#endpoints.flatMap((publisher) => {
      const { topic_type } = publisher;
      const who = endpointNode(publisher);
      const offered = endpointQos(publisher);
      if (topic_type !== type) {
        return `Expected ${type} on ${this.topic} but ${who} publishes ${topic_type}. Remap one of them, or set image_type.`;
      }
      if (compatible(qos, offered)) return [];
      return (
        `Expected a publisher that matches the QoS ${qosText(qos)} of this node on ${this.topic} ` +
        `but ${who} offers ${describeQos(offered)}. Set image_qos to sensor_data or match.`
      );
    });
  }
}

/** Identifies an endpoint. */
function idOf({ endpoint_gid }: RclEndpoint): string {
  return Array.from(endpoint_gid).join('.');
}
