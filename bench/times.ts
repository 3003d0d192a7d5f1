import { quantile } from '../src/base/numbers.js';
import type { Times } from './bench.js';

export function median(values: Iterable<number>): number {
  return quantile(Float64Array.from(values).sort(), 0.5);
}

/** @param milliseconds of each run */
export function summarize(milliseconds: readonly number[]): Times {
  const sorted = Float64Array.from(milliseconds).sort();
  return {
    runs: sorted.length,
    median: quantile(sorted, 0.5),
    p95: quantile(sorted, 0.95),
    p99: quantile(sorted, 0.99),
  };
}
