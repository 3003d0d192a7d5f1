import { setTimeout } from 'node:timers/promises';

/** Milliseconds of each look, and bytes that must come between two looks: less than 1 KiB/s is no download. */
export const LOOK_EVERY = 30_000;
export const LEAST = 30 << 10;

/** Resolves after so many milliseconds, or as soon as the signal is aborted. Tests have a clock that they step. */
export type Wait = (milliseconds: number, signal: AbortSignal) => Promise<unknown>;

export const realWait: Wait = (milliseconds, signal) =>
  setTimeout(milliseconds, undefined, { signal, ref: false }).catch(() => undefined);

/**
 * Watches that a download goes on: a server may take a connection and send nothing, or a byte now and then, for ever.
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

  /** @param onStall called once, when too little came since the last look */
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
