/** Decisions out of the bytes of an input: 0 when there are no more. */
export class Choices {
  #at = 0;

  constructor(private readonly bytes: Uint8Array) {}

  /** Whether there are bytes left. */
  get left(): boolean {
    return this.#at < this.bytes.length;
  }

  byte(): number {
    return this.bytes[this.#at++] ?? 0;
  }

  /** @returns an integer from 0 up to `limit`, at most 256 */
  below(limit: number): number {
    return this.byte() % limit;
  }

  of<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }

  /** About once in `times`. Not where the bytes have ended. */
  seldom(times: number): boolean {
    return this.byte() > 255 - 256 / times;
  }
}
