import { setImmediate } from 'node:timers/promises';
import type { Timing } from '../src/base/clock.js';

interface Sleeper {
  readonly due: number;
  readonly wake: () => void;
}

/**
 * A clock that only advances when a test advances it. Sleepers wake in order, at exactly the requested time. What they do
 * then is awaited, up to their next sleep, before the clock advances further. That works for code that waits only for
 * promises. For files and processes use `finish`, which continues when there is a sleeper.
 *
 * @example
 * const clock = new ManualClock();
 * const done = clock.until(20);
 * await clock.advance(20);
 * await done;
 */
export class ManualClock implements Timing {
  #now: number;
  #ended = false;
  #sleepers: Sleeper[] = [];
  #fellAsleep: (() => void) | undefined;
  /** Number of late sleepers that wait for other work. */
  #late = 0;

  /** @param now initial time; a clock's origin is arbitrary */
  constructor(now = 1000.25) {
    this.#now = now;
  }

  readonly now = (): number => this.#now;

  /** Number of sleepers. */
  get sleeping(): number {
    return this.#sleepers.length;
  }

  async until(due: number): Promise<void> {
    if (this.#ended || due <= this.#now) {
      this.#late++;
      await setImmediate();
      this.#late--;
      return;
    }
    await new Promise<void>((wake) => {
      this.#sleepers.push({ due, wake });
      this.#fellAsleep?.();
    });
  }

  end(): void {
    this.#ended = true;
    const sleepers = this.#sleepers;
    this.#sleepers = [];
    for (const { wake } of sleepers) wake();
  }

  /** Advances time during a computation: sleepers do not wake before the next `advance`. */
  pass(milliseconds: number): void {
    this.#now += milliseconds;
  }

  /** Advances time; resolves when everything that was due is done. */
  async advance(milliseconds: number): Promise<void> {
    const until = this.#now + milliseconds;
    await this.#settle();
    for (let next = this.#next(); next !== undefined && next.due <= until; next = this.#next()) {
      await this.#wake(next);
    }
    this.#now = Math.max(this.#now, until);
  }

  /** Advances time until the promise settles, and returns its result. The promise may wait for sleep and for real events. */
  async finish<T>(work: Promise<T>): Promise<T> {
    let over = false;
    const end = work.finally(() => (over = true));
    end.catch(() => {}); // thrown below
    for (;;) {
      await this.#settle();
      if (over) return end;
      const next = this.#next();
      if (next) await this.#wake(next);
      else await Promise.race([end, new Promise<void>((resolve) => (this.#fellAsleep = resolve))]);
    }
  }

  #next(): Sleeper | undefined {
    // Among those with the same due time, the first sleeper.
    return this.#sleepers.reduce<Sleeper | undefined>(
      (first, sleeper) => (first === undefined || sleeper.due < first.due ? sleeper : first),
      undefined,
    );
  }

  async #wake(sleeper: Sleeper): Promise<void> {
    this.#sleepers.splice(this.#sleepers.indexOf(sleeper), 1);
    this.#now = Math.max(this.#now, sleeper.due);
    sleeper.wake();
    await this.#settle();
  }

  /** Promise callbacks run before an immediate. */
  async #settle(): Promise<void> {
    do await setImmediate();
    while (this.#late > 0);
  }
}
