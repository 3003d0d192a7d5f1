import { setImmediate } from 'node:timers/promises';
import type { Timing } from '../src/base/clock.js';

interface Sleeper {
  readonly due: number;
  readonly wake: () => void;
}

/**
 * A clock that stands still until a test lets time go by. Whoever sleeps by it is woken in the order of the turns, at exactly the
 * time that was asked for; what they do then is awaited, up to their next sleep, before the clock goes on. That holds for what
 * waits for promises only; for files and processes use `finish`, which goes on when somebody sleeps.
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
  /** How many that were late wait for other work to have its turn. */
  #late = 0;

  /** @param now where it begins; clocks have no origin that means anything */
  constructor(now = 1000.25) {
    this.#now = now;
  }

  readonly now = (): number => this.#now;

  /** How many sleep. */
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

  /** Lets time go by while something computes: nobody is woken before the next `advance`. */
  pass(milliseconds: number): void {
    this.#now += milliseconds;
  }

  /** Lets time go by; resolves when all that was due in it is done. */
  async advance(milliseconds: number): Promise<void> {
    const until = this.#now + milliseconds;
    await this.#settle();
    for (let next = this.#next(); next !== undefined && next.due <= until; next = this.#next()) {
      await this.#wake(next);
    }
    this.#now = Math.max(this.#now, until);
  }

  /** Lets as much time go by as this takes, and gives what comes of it. It may wait for sleep and for real events. */
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
    // Of those with one due time, the first that fell asleep.
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

  /** Promises have their turns before an immediate has its own. */
  async #settle(): Promise<void> {
    do await setImmediate();
    while (this.#late > 0);
  }
}
