/** Lets frames through at a rate at most. native/camera/pace.h does the same for native cameras. */
export class Pace {
  #period = 0;
  #due: number | undefined;

  /** @param period milliseconds between frames; 0: all are let through */
  setMinPeriod(period: number): void {
    this.#period = period;
    this.#due = undefined;
  }

  /** @returns whether the frame that came at `now`, in milliseconds, is to be taken */
  admit(now: number): boolean {
    const period = this.#period;
    if (period === 0) return true;
    const due = this.#due ?? now;
    // A camera whose frames come a little early must not lose every other one.
    if (now < due - period / 4) return false;
    // Late frames do not slow it down for good, and a pause is not made up for.
    this.#due = Math.max(due, now - period) + period;
    return true;
  }
}
