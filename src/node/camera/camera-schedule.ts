import { setImmediate } from 'node:timers/promises';
import { steadyClock, type Timing } from '../../base/clock.js';

/** Milliseconds that timers may be late by and still be in time: they count whole milliseconds of a clock read earlier. */
const TIMER_GRAIN = 2;

/**
 * When frames are due, in milliseconds of a clock: each a period after the one before it, whenever that was really
 * sent, so that nothing adds up.
 */
export class Schedule {
  #due: number | undefined;
  /** When the frame before the next one was due. */
  #before = 0;
  /** Turns that passed without a frame, because it was not ready. */
  missed = 0;

  /**
   * @param period milliseconds since the frame before; 0 or more
   * @returns when the next frame is due. It may be past, by less than a period: the frame is late, its turn is not over.
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
   * Gives the frame that is waited for another period: it is due at once where that is over. No turn is missed by this.
   *
   * @returns when it is due
   */
  again(period: number, now: number): number {
    return (this.#due = Math.max(this.#before + period, now));
  }
}

/** Sleeps to the tenth of a millisecond, without heat. */
export class Sleeper implements Timing {
  readonly now = steadyClock;
  /** Never woken; Atomics.wait on it is a sleep that knows fractions of milliseconds. */
  readonly #cell = new Int32Array(new SharedArrayBuffer(4));
  #timer: NodeJS.Timeout | undefined;
  #wake: (() => void) | undefined;
  #ended = false;

  async until(due: number): Promise<void> {
    const coarse = Math.floor(due - this.now()) - TIMER_GRAIN;
    // Signals and services have their turn even when every frame is late.
    if (coarse <= 0 || this.#ended) await setImmediate();
    else {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        this.#timer = setTimeout(resolve, coarse);
      });
    }
    // What is left is at most a few milliseconds of this thread, which has nothing else to do then.
    const rest = due - this.now();
    if (rest > 0 && !this.#ended) Atomics.wait(this.#cell, 0, 0, rest);
  }

  end(): void {
    this.#ended = true;
    clearTimeout(this.#timer);
    this.#wake?.();
  }
}
