import { terminalWidth } from '../base/text-table.js';
import { steadyClock, type Clock } from '../base/clock.js';

/** The unit of a progress bar. */
export type ProgressUnit = 'frames' | 'bytes';

/** The part of a terminal that a bar needs. */
export type ProgressStream = Pick<NodeJS.WriteStream, 'isTTY' | 'columns' | 'write'>;

/** Milliseconds between two drawings, and from the first step to the first estimate of the remaining time. */
const PAUSE = 100;
const SETTLED = 1000;

/**
 * A progress bar on standard error: redrawn in place on a terminal, a line at every quarter elsewhere. It shows the steps, their
 * speed, the remaining time, and the current file.
 */
export class Progress {
  /** The current file, shown at the end of the line. */
  present = '';
  #done: number;
  #drawn = -Infinity;
  #quarter = 0;
  readonly #start: number;

  /**
   * @param total number of steps, if known
   * @param begun steps that were done before; not counted for the speed
   */
  constructor(
    readonly title: string,
    readonly total: number | undefined,
    readonly stream: ProgressStream = process.stderr,
    readonly unit: ProgressUnit = 'frames',
    readonly begun = 0,
    private readonly clock: Clock = steadyClock,
  ) {
    this.#done = begun;
    this.#start = clock();
    if (total !== undefined) this.#quarter = Math.floor((4 * begun) / total);
  }

  /** Steps done so far. */
  get done(): number {
    return this.#done;
  }

  step(): void {
    this.reach(this.#done + 1);
  }

  /** Counts steps without drawing: those of a failed file, because a full bar would look like success. */
  skip(steps = 1): void {
    this.#done += steps;
  }

  /** @param done steps done so far */
  reach(done: number): void {
    this.#done = done;
    const now = this.clock();
    if (this.stream.isTTY) {
      if (now - this.#drawn > PAUSE || this.#done === this.total) {
        this.#drawn = now;
        this.stream.write(`\r${this.#line(now, this.stream.columns)}\u001b[K`);
      }
    } else if (this.total !== undefined && Math.floor((4 * this.#done) / this.total) > this.#quarter) {
      this.#quarter = Math.floor((4 * this.#done) / this.total);
      this.stream.write(`${this.#line(now)}\n`);
    }
  }

  /** Clears the bar before other output is printed. */
  end(): void {
    if (this.stream.isTTY) this.stream.write('\r\u001b[K');
    this.#drawn = -Infinity;
  }

  #line(now: number, columns?: number): string {
    const elapsed = now - this.#start;
    const rate = (this.#done - this.begun) / (elapsed / 1000);
    const [amount, speed] =
      this.unit === 'bytes'
        ? [sizeText, `${sizeText(rate)}/s`]
        : [(count: number): string => String(count), `${rate.toFixed(1)} frames/s`];
    const parts = [this.title];
    if (this.total === undefined) {
      parts.push(`${amount(this.#done)}${this.unit === 'frames' ? ' frames' : ''}`, speed);
    } else {
      const share = Math.min(1, this.#done / this.total);
      const width = 30;
      const filled = Math.round(share * width);
      const bar = '#'.repeat(filled) + '-'.repeat(width - filled);
      parts.push(`[${bar}] ${amount(this.#done)}/${amount(this.total)}`, speed);
      const left = (this.total - this.#done) / rate;
      if (elapsed >= SETTLED && left > 0 && Number.isFinite(left)) parts.push(`${timeText(left)} left`);
    }
    if (this.present !== '') parts.push(this.present);
    const line = parts.join('  ');
    // A line that wraps could not be redrawn in place.
    return columns === undefined || columns === 0 ? line : fitting(line, columns - 1);
  }
}

/** The beginning of a text that fits into this many columns of a terminal. */
function fitting(text: string, columns: number): string {
  if (terminalWidth(text) <= columns) return text;
  let fit = '';
  let width = 0;
  for (const { segment } of new Intl.Segmenter('und', { granularity: 'grapheme' }).segment(text)) {
    width += terminalWidth(segment);
    if (width > columns) break;
    fit += segment;
  }
  return fit;
}

/** Formats a duration in seconds: 0:09, 12:30, 1:02:03. */
export function timeText(seconds: number): string {
  const whole = Math.ceil(seconds);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  const two = (value: number): string => String(value).padStart(2, '0');
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

/** Formats a number of bytes: 13.9 MB. */
export function sizeText(bytes: number): string {
  if (!(bytes < 1e9)) return `${(bytes / 1e9).toFixed(2)} GB`;
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(bytes < 1e4 ? 1 : 0)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
