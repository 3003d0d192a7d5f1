import { type Clock, steadyClock } from '../../base/clock.js';
import { nearest } from '../../base/nearest.js';
import { IMAGE_MESSAGES } from '../../message/image-messages.js';
import { OWN_PICTURES } from '../../message/outputs.js';
import { distribution } from './distribution.js';
import type { RosNode } from './ros-node.js';

/** Milliseconds that discovery may take before the first warning. */
const PATIENCE = 3000;
const REMINDER = 30_000;
/** Maximum number of topics to name. */
const NAMED = 3;

const TYPES: ReadonlySet<string> = new Set(Object.values(IMAGE_MESSAGES).map(({ type }) => type));

/** Whether a topic carries pictures made by a node of this package. */
function isOwnPicture(topic: string): boolean {
  return OWN_PICTURES.some((ending) => topic.endsWith(ending));
}

/** Reports an image topic without a publisher, because a misspelled name causes no error. */
export class PublisherWatch {
  #waitingSince: number | undefined;
  #next = 0;
  #warned = false;
  #seen = false;

  /** @param topic fully resolved */
  constructor(
    private readonly ros: RosNode,
    private readonly topic: string,
    private readonly clock: Clock = steadyClock,
  ) {}

  /** To be called about twice a second. @param publishers current number of publishers of the topic */
  update(publishers: number): void {
    if (publishers > 0) {
      if (this.#warned) this.ros.log.info(`${this.topic} has a publisher.`);
      this.#seen = true;
      this.reset();
      return;
    }
    const now = this.clock();
    if (this.#waitingSince === undefined) {
      this.#waitingSince = now;
      this.#next = now + PATIENCE;
    }
    if (now < this.#next) return;
    this.#next = now + REMINDER;
    this.#warned = true;
    this.ros.log.warn(
      this.#seen
        ? `The publisher on ${this.topic} is gone: waiting for another.`
        : `Waiting for a publisher on ${this.topic}. ${this.#advice()}`,
    );
  }

  /** Starts over, for a topic that was not watched for a while. */
  reset(): void {
    this.#waitingSince = undefined;
    this.#warned = false;
  }

  #advice(): string {
    const published = this.ros.publishedTopics(TYPES).filter(({ name }) => !isOwnPicture(name));
    const types = new Map(published.map(({ name, type }) => [name, type]));
    types.delete(this.topic);
    const similar = nearest(this.topic, [...types.keys()]).slice(0, NAMED);
    if (similar.length === 0) {
      return `No topic carries images now. Does the camera run, with the same ROS_DOMAIN_ID and ${distribution().localOnly.name}?`;
    }
    const named = similar.map((name) => `${name} (${types.get(name)})`).join(', ');
    const others = types.size > NAMED ? ` and ${types.size - NAMED} more` : '';
    return `Images are on ${named}${others}. Set images, or remap the topic.`;
  }
}
