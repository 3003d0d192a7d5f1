import { textTable } from '../src/base/text-table.js';
import type { Figure } from './bench.js';

/** Figures as a table for a terminal, one line per case. */
export function figureTable(figures: readonly Figure[]): string {
  const head = ['', 'median', 'p95', 'p99', 'bytes', 'ratio'];
  return `${textTable([head, ...figures.map(figureRow)]).join('\n')}\n`;
}

export function figureRow({ bench, name, times, bytes, ratios, values }: Figure): string[] {
  const others = [
    ...Object.entries(ratios).map(([yardstick, ratio]) => `${ratio.toPrecision(3)} x ${yardstick}`),
    ...Object.entries(values).map(([what, value]) => `${what} ${amount(value)}`),
  ];
  return [
    `${bench}: ${name}`,
    ...[times?.median, times?.p95, times?.p99].map((value) =>
      value === undefined ? '' : milliseconds(value),
    ),
    bytes === undefined ? '' : byteCount(bytes),
    others.join(', '),
  ];
}

/** With its unit: 1.23 ms, 45.6 us. */
export function milliseconds(value: number): string {
  if (value >= 1) return `${value.toPrecision(value >= 1000 ? 4 : 3)} ms`;
  return value >= 0.001 ? `${(1000 * value).toPrecision(3)} us` : `${(1e6 * value).toFixed(0)} ns`;
}

export function byteCount(value: number): string {
  if (value < 1000) return `${value} B`;
  return value < 1e6 ? `${(value / 1024).toPrecision(3)} KiB` : `${(value / 2 ** 20).toPrecision(3)} MiB`;
}

function amount(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toPrecision(3);
}
