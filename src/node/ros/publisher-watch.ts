import { type Clock, steadyClock } from '../../base/clock.js';
import { nearest } from '../../base/nearest.js';
import { IMAGE_MESSAGES } from '../../message/image-messages.js';
import { OWN_PICTURES } from '../../message/outputs.js';
import type { RosNode } from './ros-node.js';

/** Milliseconds that discovery may take before anything is said, and between reminders. */
const PATIENCE = 3000;
const REMINDER = 30_000;
/** Topics that are named, at most. */
const NAMED = 3;

const TYPES: ReadonlySet<string> = new Set(Object.values(IMAGE_MESSAGES).map(({ type }) => type));

/** Whether a topic has what nodes of this kind make of a camera's pictures. */
function isOwnPicture(topic: string): boolean {
  return OWN_PICTURES.some((ending) => topic.endsWith(ending));
}

/** Says when an image topic has no publisher: nothing is as silent as a mistyped name. */
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

  /** To be called about twice a second. @param publishers number of publishers that the topic has now */
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

  /** Begins anew, for a topic that was not looked at for a while. */
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
      return 'No topic carries images now. Does the camera run, with the same ROS_DOMAIN_ID and ROS_LOCALHOST_ONLY?';
    }
    const named = similar.map((name) => `${name} (${types.get(name)})`).join(', ');
    const others = types.size > NAMED ? ` and ${types.size - NAMED} more` : '';
    return `Images are on ${named}${others}. Set images, or remap the topic.`;
  }
}
