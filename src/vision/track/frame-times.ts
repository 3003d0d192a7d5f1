import type { Stamp } from '../picture/frame-source.js';

/** Seconds by which stamps may go back without a new beginning: a clock that is set, frames of two sources. */
const SLIP = 0.1;
/** Seconds from one frame to the next where nothing is known, and those above which a gap is no frame's length. */
const FIRST_PERIOD = 1 / 30;
const LONGEST_PERIOD = 1;

/** How much time went by from frame to frame, by the frames' stamps and no clock. */
export class FrameTimes {
  #sec = 0;
  #nanosec = 0;
  #period = FIRST_PERIOD;
  #begun = false;
  /** Seconds since the first frame; never goes back. */
  now = 0;

  /** What comes next is the first frame. `now` goes on. */
  reset(): void {
    this.#begun = false;
    this.#period = FIRST_PERIOD;
  }

  /**
   * @returns seconds since the frame before; 0 for the first, -1 where the stamps went back. Where they stand still, the time between the
   * frames before
   */
  step({ sec, nanosec }: Stamp): number {
    let passed = this.#begun ? sec - this.#sec + (nanosec - this.#nanosec) / 1e9 : 0;
    const first = !this.#begun;
    this.#begun = true;
    this.#sec = sec;
    this.#nanosec = nanosec;
    if (first) return 0;
    if (passed < -SLIP) {
      this.#period = FIRST_PERIOD;
      return -1;
    }
    if (passed <= 0) passed = this.#period;
    else if (passed < LONGEST_PERIOD) this.#period = passed;
    this.now += passed;
    return passed;
  }
}
