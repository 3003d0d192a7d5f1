import type { Clock } from '../../base/clock.js';
import type { Qos } from '../../message/qos.js';

/** Milliseconds after which all publishers count as having discovered a new subscription. */
const FOUND_AFTER = 5000;
/** Milliseconds that a renewal waits for a message at most. */
const QUIET_AFTER = 1000;

/**
 * Decides when an image subscription is renewed (Renewable), and when the former one is closed.
 *
 * In Cyclone DDS 0.10, a participant that gets its first reliable reader of a writer drops what that writer sends until the writer's
 * first heartbeat, some milliseconds later, for its best-effort readers, too. Right after a message there is the most time until the
 * next one, so such a renewal waits for a message.
 */
export class ImageRenewal {
  /** The renewal that waits for the next message, and since when. */
  #waiting: { readonly qos: Qos; readonly several: boolean; readonly since: number } | undefined;
  /** When the subscription was renewed, until the former one is closed. */
  #renewed: number | undefined;

  /**
   * @param middleware name of the RMW implementation
   * @param renew opens the new subscription; `several`: of several publishers
   * @returns (renew) whether it could be opened
   */
  constructor(
    private readonly middleware: string,
    private readonly clock: Clock,
    private readonly renew: (qos: Qos, several: boolean) => boolean,
  ) {}

  /** Whether the former subscription is still open. */
  get handingOver(): boolean {
    return this.#renewed !== undefined;
  }

  /** Renews now or after the next message; to be repeated until it is done. @param current QoS of the subscription */
  request(qos: Qos, current: Qos, several: boolean): void {
    const first = qos.reliability === 'reliable' && current.reliability === 'best_effort';
    const now = this.clock();
    const since = this.#waiting?.since ?? now;
    this.#waiting = { qos, several, since };
    if (!first || !this.middleware.startsWith('rmw_cyclonedds') || now - since >= QUIET_AFTER)
      this.#renewNow();
  }

  /** Cancels a renewal that has not happened yet. */
  cancel(): void {
    this.#waiting = undefined;
  }

  /** To be called for each message. */
  arrived(): void {
    // A subscription cannot be created in another one's callback.
    if (this.#waiting) setImmediate(() => this.#renewNow());
  }

  /** Whether the former subscription can be closed; true once. */
  settled(): boolean {
    if (this.#renewed === undefined || this.clock() - this.#renewed < FOUND_AFTER) return false;
    this.#renewed = undefined;
    return true;
  }

  /** To be called when the subscription is closed. */
  reset(): void {
    this.#waiting = undefined;
    this.#renewed = undefined;
  }

  #renewNow(): void {
    if (!this.#waiting) return;
    const { qos, several } = this.#waiting;
    this.#waiting = undefined;
    if (this.renew(qos, several)) this.#renewed = this.clock();
  }
}
