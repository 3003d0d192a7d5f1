import { quantile } from './numbers.js';
/** Collects durations and computes their quantiles. Keeps only the latest `capacity` of them, so that memory is bounded. */
export class Durations {
  readonly #values: Float64Array;
  #count = 0;

  constructor(capacity = 4096) {
    this.#values = new Float64Array(capacity);
  }

  add(milliseconds: number): void {
    this.#values[this.#count++ % this.#values.length] = milliseconds;
  }

  /** Number of durations ever added. */
  get count(): number {
    return this.#count;
  }

  /** @param share 0.5 for the median, 0.95, ... @returns milliseconds, NaN before the first duration */
  quantile(share: number): number {
    const kept = this.#values.slice(0, Math.min(this.#count, this.#values.length)).sort();
    return quantile(kept, share);
  }
}
