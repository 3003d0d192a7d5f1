import { setImmediate } from 'node:timers/promises';
import { steadyClock, type Timing } from '../../base/clock.js';

/** Milliseconds by which a timer may be late: timers count whole milliseconds of a clock that was read earlier. */
const TIMER_GRAIN = 2;

/**
 * When frames are due, in milliseconds of a clock. Each is due one period after the due time of the previous one, not after the time
 * it was sent, so that delays do not add up.
 */
export class Schedule {
  #due: number | undefined;
  /** When the previous frame was due. */
  #before = 0;
  /** Periods that passed without a frame, because it was not ready. */
  missed = 0;

  /**
   * @param period milliseconds since the previous frame; 0 or more
   * @returns when the next frame is due. This may be in the past by less than a period: the frame is late but not missed.
   */
  next(period: number, now: number): number {
    if (this.#due === undefined) return (this.#due = this.#before = now);
    this.#before = this.#due;
    this.#due += period;
    const late = now - this.#due;
    if (late >= period && period > 0) {
      const missed = Math.floor(late / period);
      this.#due += missed * period;
      this.missed += missed;
    }
    return this.#due;
  }

  /**
   * Changes the period of the next frame. It is due at once if that period is over; none is counted as missed.
   *
   * @returns when it is due
   */
  again(period: number, now: number): number {
    return (this.#due = Math.max(this.#before + period, now));
  }
}

/** Sleeps to a tenth of a millisecond without a busy loop. */
export class Sleeper implements Timing {
  readonly now = steadyClock;
  /** Never notified: Atomics.wait on it sleeps for fractions of a millisecond. */
  readonly #cell = new Int32Array(new SharedArrayBuffer(4));
  #timer: NodeJS.Timeout | undefined;
  #wake: (() => void) | undefined;
  #ended = false;

  async until(due: number): Promise<void> {
    const coarse = Math.floor(due - this.now()) - TIMER_GRAIN;
    // Lets signals and services run even if every frame is late.
    if (coarse <= 0 || this.#ended) await setImmediate();
    else {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        this.#timer = setTimeout(resolve, coarse);
      });
    }
    // At most a few milliseconds remain, in which this thread has nothing else to do.
    const rest = due - this.now();
    if (rest > 0 && !this.#ended) Atomics.wait(this.#cell, 0, 0, rest);
  }

  end(): void {
    this.#ended = true;
    clearTimeout(this.#timer);
    this.#wake?.();
  }
}
