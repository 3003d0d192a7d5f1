/**
 * Hears SIGINT and SIGTERM from its construction on, so that a node that is still starting ends as cleanly as one that runs.
 *
 * @example
 * const stop = new StopSignal();
 * const ros = await RosNode.create('camera');
 * stop.whenHeard(() => ros.destroy());
 */
export class StopSignal {
  #heard = false;
  #end: (() => void) | undefined;

  /** @param process what gives the signals and can be ended */
  constructor(process: Pick<NodeJS.Process, 'on' | 'exit'> = globalThis.process) {
    for (const [signal, code] of [
      ['SIGINT', 130],
      ['SIGTERM', 143],
    ] as const) {
      process.on(signal, () => {
        // Whoever sends two signals does not want to wait for a start that hangs.
        if (this.#heard && this.#end === undefined) process.exit(code);
        this.#heard = true;
        this.#end?.();
      });
    }
  }

  /** @param end called at every signal; at once, where one has been heard already */
  whenHeard(end: () => void): void {
    this.#end = end;
    if (this.#heard) end();
  }
}
