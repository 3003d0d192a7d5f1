/** Runs asynchronous work one piece after the other, in the order it was asked for. */
export class SerialQueue {
  #last: Promise<unknown> = Promise.resolve();

  /** Settles as `work` does; the work that waits behind it goes on either way. */
  run<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work, work);
    this.#last = result;
    return result;
  }

  /** Settles when all that was asked for so far has ended. */
  async idle(): Promise<void> {
    await this.#last.catch(() => undefined);
  }
}
