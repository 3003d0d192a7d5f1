import { type Clock, steadyClock } from '../../base/clock.js';
import type { RawPublisher } from '../ros/ros-node.js';

/** std_msgs/msg/Bool as CDR, little endian. */
const MESSAGES = { true: Uint8Array.of(0, 1, 0, 0, 1), false: Uint8Array.of(0, 1, 0, 0, 0) } as const;

/**
 * Publishes whether there are results of a camera: a watchdog for robots that drive by them.
 *
 * Published on each change and at least once per `limit`, so that a subscriber also notices if the whole node is gone: no message means
 * the same as false.
 */
export class AliveSignal {
  #alive = false;
  #lastResult = -Infinity;
  #lastSent = -Infinity;

  /** @param limit milliseconds that may pass without a result */
  constructor(
    private readonly publisher: RawPublisher,
    private readonly limit: () => number,
    private readonly clock: Clock = steadyClock,
  ) {}

  get alive(): boolean {
    return this.#alive;
  }

  /** To be called when a frame's messages are published. */
  result(): void {
    const now = this.clock();
    this.#lastResult = now;
    if (!this.#alive) this.#send(true, now);
  }

  /** To be called much more often than `limit`. */
  check(): void {
    const now = this.clock();
    const limit = this.limit();
    const alive = now - this.#lastResult <= limit;
    if (alive !== this.#alive || now - this.#lastSent >= limit) this.#send(alive, now);
  }

  #send(alive: boolean, now: number): void {
    this.#alive = alive;
    this.#lastSent = now;
    this.publisher.publish(MESSAGES[`${alive}`]);
  }
}
