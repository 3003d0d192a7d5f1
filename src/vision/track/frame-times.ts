import type { Stamp } from '../picture/frame-source.js';

/** Seconds by which stamps may go back without a new beginning: a clock that is set, frames of two sources. */
const SLIP = 0.1;
/** Seconds from one frame to the next where nothing is known, and those above which a gap is no frame's length. */
const FIRST_PERIOD = 1 / 30;
export const LONGEST_PERIOD = 1;

/** How much time went by from frame to frame, by the frames' stamps and no clock. */
export class FrameTimes {
  #sec = 0;
  #nanosec = 0;
  #period = FIRST_PERIOD;
  #begun = false;
  /** Whether stamps have ever gone on, and how many frames they have stood still for. */
  #moved = false;
  #still = 0;
  /** Seconds since the first frame; never goes back. */
  now = 0;

  /** What comes next is the first frame. `now` goes on. */
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
    // The latest stamp stays what later ones are compared with: the time that a frame slipped back would count twice.
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
