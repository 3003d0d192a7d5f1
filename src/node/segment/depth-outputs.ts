import { installedType, isInstalled } from '../../message/installed-type.js';
import { shortName } from '../../message/message-type.js';
import { type OutputPlace, outputTopic } from '../../message/output.js';
import { DEPTH_OUTPUTS } from '../../message/outputs.js';
import type { DepthNames, DepthProducts } from '../../pipeline/depth-work.js';
import type { RawPublisher, RosNode } from '../ros/ros-node.js';

/** The topics of one camera's objects in space. Messages without a subscriber are not made. */
export class DepthOutputs {
  /** By the topic of the row. */
  readonly #publishers = new Map<string, RawPublisher>();
  readonly #types: Record<string, { readonly name: string; readonly definition: string }> = {};

  /** @param missing as CameraOutputs */
  constructor(
    ros: Pick<RosNode, 'publish'>,
    place: OutputPlace,
    missing: (type: string, topic: string) => void,
  ) {
    for (const row of DEPTH_OUTPUTS) {
      const topic = outputTopic(row, place)!;
      if (!isInstalled(shortName(row.type))) {
        missing(row.type, topic);
        continue;
      }
      const { name, definition } = installedType(shortName(row.type));
      this.#types[row.topic] = { name, definition };
      this.#publishers.set(row.topic, ros.publish(row.type, topic, row.qos));
    }
  }

  /** The definitions of the messages. */
  get types(): DepthNames['types'] {
    return this.#types;
  }

  /** Topics of the rows that have a subscriber. */
  get wanted(): string[] {
    return [...this.#publishers].filter(([, { subscriptions }]) => subscriptions > 0).map(([topic]) => topic);
  }

  publish({ messages }: DepthProducts): void {
    for (const { topic, cdr } of messages) this.#publishers.get(topic)?.publish(cdr);
  }

  destroy(): void {
    for (const publisher of this.#publishers.values()) publisher.destroy();
    this.#publishers.clear();
  }
}
