import type { Stamp } from '../picture/frame-source.js';

/** Seconds by which stamps may go back without a restart: an adjusted clock, frames of two sources. */
const SLIP = 0.1;
/** Seconds between frames as long as nothing is known, and the longest gap that counts as a frame period. */
const FIRST_PERIOD = 1 / 30;
export const LONGEST_PERIOD = 1;

/** The time from frame to frame, by the frames' stamps, not by a clock. */
export class FrameTimes {
  #sec = 0;
  #nanosec = 0;
  #period = FIRST_PERIOD;
  #begun = false;
  /** Whether stamps have ever advanced, and for how many frames they have stood still. */
  #moved = false;
  #still = 0;
  /** Seconds since the first frame; never goes back. */
  now = 0;

  /** The next frame counts as the first. `now` continues. */
  reset(): void {
    this.#begun = false;
    this.#period = FIRST_PERIOD;
  }

  /**
   * @returns seconds since the frame before; 0 for the first, for one that was sent twice, and for one that is a little older than the
   * one before; -1 where the stamps jumped back. Where they stand still, the time between the frames before
   */
  step({ sec, nanosec }: Stamp): number {
    const first = !this.#begun;
    const passed = first ? 0 : sec - this.#sec + (nanosec - this.#nanosec) / 1e9;
    // Later stamps are compared with the latest one: otherwise, the time by which a frame went back would count twice.
    if (passed < 0 && passed >= -SLIP) return 0;
    this.#begun = true;
    this.#sec = sec;
    this.#nanosec = nanosec;
    if (first || passed < 0) {
      this.#period = FIRST_PERIOD;
      this.#moved = false;
      this.#still = 0;
      return first ? 0 : -1;
    }
    if (passed === 0) {
      this.#still++;
      if (this.#moved && this.#still === 1) return 0;
      this.now += this.#period;
      return this.#period;
    }
    this.#moved = true;
    this.#still = 0;
    if (passed < LONGEST_PERIOD) this.#period = passed;
    this.now += passed;
    return passed;
  }
}
