import { setTimeout } from 'node:timers/promises';

/** Milliseconds between checks, and bytes that must arrive between two checks: less than 1 KiB/s counts as stalled. */
export const LOOK_EVERY = 30_000;
export const LEAST = 30 << 10;

/** Resolves after so many milliseconds, or as soon as the signal is aborted. Tests use a clock that they advance by hand. */
export type Wait = (milliseconds: number, signal: AbortSignal) => Promise<unknown>;

export const realWait: Wait = (milliseconds, signal) =>
  setTimeout(milliseconds, undefined, { signal, ref: false }).catch(() => undefined);

/**
 * Notices when a download stalls: a server may accept a connection and then send nothing, or only a byte now and then.
 *
 *     const watch = new StallWatch(wait, () => connection.abort(…));
 *     try {
 *       for await (const bytes of body) watch.add(bytes.length);
 *     } finally {
 *       watch.end();
 *     }
 */
export class StallWatch {
  readonly #end = new AbortController();
  #bytes = 0;

  /** @param onStall called once, when too few bytes arrived since the last check */
  constructor(wait: Wait, onStall: () => void) {
    void this.#watch(wait, onStall);
  }

  add(bytes: number): void {
    this.#bytes += bytes;
  }

  end(): void {
    this.#end.abort();
  }

  async #watch(wait: Wait, onStall: () => void): Promise<void> {
    for (;;) {
      const before = this.#bytes;
      await wait(LOOK_EVERY, this.#end.signal);
      if (this.#end.signal.aborted) return;
      if (this.#bytes - before < LEAST) return onStall();
    }
  }
}
