/** Limits the rate of frames. native/camera/pace.h does the same for native subscriptions. */
export class Pace {
  #period = 0;
  #due: number | undefined;

  /** @param period milliseconds between frames; 0: all frames pass */
  setMinPeriod(period: number): void {
    this.#period = period;
    this.#due = undefined;
  }

  /** @returns whether to accept the frame that arrived at `now`, in milliseconds */
  admit(now: number): boolean {
    const period = this.#period;
    if (period === 0) return true;
    const due = this.#due ?? now;
    // A camera whose frames arrive slightly early must not lose every second one.
    if (now < due - period / 4) return false;
    // Late frames do not lower the rate permanently, and a pause is not followed by a burst.
    this.#due = Math.max(due, now - period) + period;
    return true;
  }
}
