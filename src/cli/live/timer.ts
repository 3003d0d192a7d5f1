import type { Timing } from '../../base/clock.js';
import { steadyClock } from '../../base/clock.js';

/** Sleeps by timers, to the millisecond: good enough for eyes, and no other camera or client waits for it. */
export class Timer implements Timing {
  readonly now = steadyClock;
  readonly #sleeping = new Map<NodeJS.Timeout, () => void>();
  #ended = false;

  until(due: number): Promise<void> {
    return new Promise((resolve) => {
      const pause = this.#ended ? 0 : Math.max(0, Math.ceil(due - this.now()));
      const timer = setTimeout(() => {
        this.#sleeping.delete(timer);
        resolve();
      }, pause);
      this.#sleeping.set(timer, resolve);
    });
  }

  end(): void {
    this.#ended = true;
    for (const [timer, wake] of this.#sleeping) {
      clearTimeout(timer);
      wake();
    }
    this.#sleeping.clear();
  }
}
