import { type Clock, steadyClock } from '../base/clock.js';
import { messageOf } from '../base/expect.js';

/** Milliseconds from one report of a part to the next, at least: what succeeds at times and fails at others must not fill the log. */
const LEAST_PERIOD = 5_000;

/**
 * What the live page cannot do. Each part is reported once until it succeeds again, as what fails for one frame fails for the next, and at
 * most once in LEAST_PERIOD: what fails sooner is reported if it fails again later.
 *
 *     failures.try('send statistics', () => inform()); // The live page cannot send statistics: ...
 */
export class Failures {
  readonly #failing = new Set<string>();
  /** When each part was last reported. */
  readonly #reported = new Map<string, number>();

  constructor(
    private readonly log: (line: string, failed: boolean) => void,
    private readonly clock: Clock = steadyClock,
  ) {}

  /** @param part after "cannot" */
  failed(part: string, reason: string): void {
    if (this.#failing.has(part)) return;
    const now = this.clock();
    if (now - (this.#reported.get(part) ?? -Infinity) < LEAST_PERIOD) return;
    this.#failing.add(part);
    this.#reported.set(part, now);
    this.log(`The live page cannot ${part}: ${reason}`, true);
  }

  succeeded(part: string): void {
    this.#failing.delete(part);
  }

  /** Does what may throw; the page goes on in any case. @param otherwise done when it has thrown */
  try(part: string, work: () => void, otherwise?: () => void): void {
    try {
      work();
      this.succeeded(part);
    } catch (error) {
      this.failed(part, messageOf(error));
      otherwise?.();
    }
  }
}
