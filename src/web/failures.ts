import { messageOf } from '../base/expect.js';

/**
 * What the live page cannot do. Each part is reported once, until it succeeds again: what fails for one frame fails for the next.
 *
 *     failures.try('send statistics', () => inform()); // The live page cannot send statistics: ...
 */
export class Failures {
  readonly #failing = new Set<string>();

  constructor(private readonly log: (line: string, failed: boolean) => void) {}

  /** @param part after "cannot" */
  failed(part: string, reason: string): void {
    if (!this.#failing.has(part)) this.log(`The live page cannot ${part}: ${reason}`, true);
    this.#failing.add(part);
  }

  succeeded(part: string): void {
    this.#failing.delete(part);
  }

  /** Does what may throw; the page goes on in any case. @param otherwise done when it has thrown */
  try(part: string, work: () => void, otherwise?: () => void): void {
    try {
      work();
      this.succeeded(part);
    } catch (error) {
      this.failed(part, messageOf(error));
      otherwise?.();
    }
  }
}
