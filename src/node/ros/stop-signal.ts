/**
 * Notes SIGINT and SIGTERM from its construction on, so that a node that is still starting ends as cleanly as one that runs.
 *
 * @example
 * const stop = new StopSignal();
 * const ros = await RosNode.create('camera');
 * stop.onStop(() => ros.destroy());
 */
export class StopSignal {
  #received = false;
  #end: (() => void) | undefined;

  /** @param source sends the signals, and can be ended */
  constructor(source: SignalSource = process) {
    for (const [signal, code] of [
      ['SIGINT', 130],
      ['SIGTERM', 143],
    ] as const) {
      source.on(signal, () => {
        // A second signal ends a start that hangs.
        if (this.#received && this.#end === undefined) source.exit(code);
        this.#received = true;
        this.#end?.();
      });
    }
  }

  /** Whether a signal has come. */
  get received(): boolean {
    return this.#received;
  }

  /** @param end called at every signal from now on; at once, where one has come already */
  onStop(end: () => void): void {
    this.#end = end;
    if (this.#received) end();
  }
}

/** What StopSignal needs of `process`. */
export interface SignalSource {
  on(signal: 'SIGINT' | 'SIGTERM', listener: () => void): unknown;
  exit(code: number): void;
}
