import { endChildren } from '../base/child-processes.js';
import { discardParts } from '../base/files/whole-file.js';

/** Exit codes as in shells: 128 plus the number of the signal. A closed pipe is not a failure. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143, EPIPE: 0 } as const;
const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** Reason to end a command early: a signal, or a closed pipe on standard output (`| head`). */
export type StopReason = keyof typeof EXIT_CODES;

/**
 * Ends a command cleanly on SIGINT or SIGTERM: no new frames are started, those in flight are finished, outputs are closed.
 * A second signal ends the process at once, as by default.
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
  /** Ends waiting for the next item. */
  #wake: (() => void) | undefined;
  readonly #abort = new AbortController();

  private constructor(private readonly quiet: boolean) {}

  /** @param quiet print nothing when a signal arrives */
  static listen(quiet = false): Stop {
    const stop = new Stop(quiet);
    Stop.#current = stop;
    for (const signal of SIGNALS) process.on(signal, stop.#onSignal);
    return stop;
  }

  /** Whether a command is running that ends cleanly and handles errors of its outputs. */
  static get listening(): boolean {
    return Stop.#current !== undefined;
  }

  /** Ends the listening command, if any. @returns whether there is one */
  static request(reason: StopReason): boolean {
    const stop = Stop.#current;
    if (stop !== undefined) stop.#request(reason);
    return stop !== undefined;
  }

  /** Whether the command should end. */
  get requested(): boolean {
    return this.#reason !== undefined;
  }

  /** Aborted when the command should end, for operations that can be interrupted. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** The exit code of a stopped command; undefined if it was not stopped. */
  get exitCode(): number | undefined {
    return this.#reason && EXIT_CODES[this.#reason];
  }

  /** The line for the summary: `stopped by SIGINT`. */
  get text(): string {
    return this.#reason === undefined || this.#reason === 'EPIPE' ? '' : `stopped by ${this.#reason}\n`;
  }

  /** Restores the default effect of signals. */
  release(): void {
    for (const signal of SIGNALS) process.off(signal, this.#onSignal);
    if (Stop.#current === this) Stop.#current = undefined;
  }

  /** The items until the stop. Does not wait for an outstanding item, because a source may hang. */
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
        // The source may hang in one of them and keep this process from exiting.
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
    // PID 1 of a container is not killed by its own signals.
    process.exit(EXIT_CODES[signal as StopReason]);
  };

  #request(reason: StopReason): void {
    this.#reason ??= reason;
    if (!this.quiet && reason !== 'EPIPE') {
      const wipe = process.stderr.isTTY ? '\r\u001b[K' : '';
      process.stderr.write(`${wipe}${reason}: finishing frames in flight; a second signal ends at once.\n`);
    }
    this.#abort.abort();
    this.#wake?.();
  }
}
