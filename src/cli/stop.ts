import { endChildren } from '../base/child-processes.js';
import { discardParts } from '../base/files/whole-file.js';

/** Exit codes as shells give them: 128 and the number of the signal. A reader of ours that went away is no failure. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143, EPIPE: 0 } as const;
const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** What ends a command early: a signal, or that nobody reads standard output any more (`| head`). */
export type StopReason = keyof typeof EXIT_CODES;

/**
 * Ends a command in good order on SIGINT or SIGTERM: frames stop coming, those in flight are finished, outputs are closed. A
 * second signal ends the process at once, as it would have without us.
 *
 *     const stop = Stop.listen();
 *     try {
 *       for await (const result of segmenter.segment(stop.until(source.frames()))) …
 *     } finally {
 *       stop.release();
 *     }
 *     return stop.exitCode ?? 0;
 */
export class Stop {
  static #current: Stop | undefined;
  #reason: StopReason | undefined;
  #signaled = false;
  /** Ends the wait for the next item. */
  #wake: (() => void) | undefined;
  readonly #abort = new AbortController();

  private constructor(private readonly quiet: boolean) {}

  /** @param quiet say nothing when a signal comes */
  static listen(quiet = false): Stop {
    const stop = new Stop(quiet);
    Stop.#current = stop;
    for (const signal of SIGNALS) process.on(signal, stop.#onSignal);
    return stop;
  }

  /** Whether there is a command that ends in good order, and sees for itself what its outputs come to. */
  static get listening(): boolean {
    return Stop.#current !== undefined;
  }

  /** Asks the command that listens, if one does, to end. @returns whether one does */
  static request(reason: StopReason): boolean {
    const stop = Stop.#current;
    if (stop !== undefined) stop.#request(reason);
    return stop !== undefined;
  }

  /** Whether the command is to end. */
  get requested(): boolean {
    return this.#reason !== undefined;
  }

  /** Aborted when the command is to end, for what can be broken off. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** The exit code of a command that was stopped; undefined when none was asked to. */
  get exitCode(): number | undefined {
    return this.#reason && EXIT_CODES[this.#reason];
  }

  /** The line for the summary: `stopped by SIGINT`. */
  get text(): string {
    return this.#reason === undefined || this.#reason === 'EPIPE' ? '' : `stopped by ${this.#reason}\n`;
  }

  /** Signals do again what they do by default. */
  release(): void {
    for (const signal of SIGNALS) process.off(signal, this.#onSignal);
    if (Stop.#current === this) Stop.#current = undefined;
  }

  /** The items up to the stop. It waits for none that has not come by then: a source may hang. */
  async *until<T>(items: AsyncIterable<T>): AsyncGenerator<T, void, void> {
    const iterator = items[Symbol.asyncIterator]();
    try {
      while (!this.requested) {
        const next = await this.#next(iterator);
        if (next === undefined || next.done || this.requested) return;
        yield next.value;
      }
    } finally {
      const ended = iterator.return?.();
      if (this.requested) {
        ended?.catch(() => undefined);
        // The source may hang in one of them, and would keep this process from its end.
        endChildren();
      } else await ended;
    }
  }

  #next<T>(iterator: AsyncIterator<T>): Promise<IteratorResult<T> | undefined> {
    return new Promise((resolve, reject) => {
      this.#wake = () => resolve(undefined);
      iterator.next().then(resolve, reject);
    });
  }

  readonly #onSignal = (signal: NodeJS.Signals): void => {
    if (!this.#signaled) {
      this.#signaled = true;
      this.#request(signal as StopReason);
      return;
    }
    discardParts();
    endChildren();
    this.release();
    process.kill(process.pid, signal);
    // The first process of a container is not killed by its own signals.
    process.exit(EXIT_CODES[signal as StopReason]);
  };

  #request(reason: StopReason): void {
    this.#reason ??= reason;
    if (!this.quiet && reason !== 'EPIPE') {
      const wipe = process.stderr.isTTY ? '\r\u001b[K' : '';
      process.stderr.write(`${wipe}${reason}: finishing what is in flight; once more ends at once.\n`);
    }
    this.#abort.abort();
    this.#wake?.();
  }
}
