import { type Clock, steadyClock } from '../../base/clock.js';

/** How many messages a client may send: so many at once, and as many a second. A bucket that fills again. */
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
