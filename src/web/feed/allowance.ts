import { type Clock, steadyClock } from '../../base/clock.js';

/** Limits the messages of a client to so many at once, and as many a second: a bucket that refills. */
export class Allowance {
  #left: number;
  #refilled: number;

  constructor(
    private readonly most: number,
    private readonly clock: Clock = steadyClock,
  ) {
    this.#left = most;
    this.#refilled = clock();
  }

  /** Counts one. @returns false if it is one too many */
  take(): boolean {
    const now = this.clock();
    const filled = this.#left + ((now - this.#refilled) / 1000) * this.most;
    this.#left = Math.min(this.most, filled) - 1;
    this.#refilled = now;
    return this.#left >= 0;
  }
}
