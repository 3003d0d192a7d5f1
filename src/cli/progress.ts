/** The unit of a progress bar. */
export type ProgressUnit = 'frames' | 'bytes';

/** A progress bar on standard error: redrawn in place on a terminal, a line at every quarter elsewhere. */
export class Progress {
  #done: number;
  #drawn = 0;
  #quarter = 0;
  readonly #start = performance.now();

  /**
   * @param total number of steps, if known
   * @param begun steps that were done before; not counted for the speed
   */
  constructor(
    readonly title: string,
    readonly total: number | undefined,
    readonly stream: NodeJS.WriteStream = process.stderr,
    readonly unit: ProgressUnit = 'frames',
    readonly begun = 0,
  ) {
    this.#done = begun;
    if (total !== undefined) this.#quarter = Math.floor((4 * begun) / total);
  }

  step(): void {
    this.reach(this.#done + 1);
  }

  /** Counts a step that failed, without drawing. */
  skip(): void {
    this.#done++;
  }

  /** @param done steps done so far */
  reach(done: number): void {
    this.#done = done;
    const now = performance.now();
    if (this.stream.isTTY) {
      if (now - this.#drawn > 100 || this.#done === this.total) {
        this.#drawn = now;
        this.stream.write(`\r${this.#line()}\u001b[K`);
      }
    } else if (this.total !== undefined && Math.floor((4 * this.#done) / this.total) > this.#quarter) {
      this.#quarter = Math.floor((4 * this.#done) / this.total);
      this.stream.write(`${this.#line()}\n`);
    }
  }

  /** Clears the bar before other output is printed. */
  end(): void {
    if (this.stream.isTTY) this.stream.write('\r\u001b[K');
  }

  #line(): string {
    const rate = (this.#done - this.begun) / ((performance.now() - this.#start) / 1000);
    const [amount, speed] =
      this.unit === 'bytes'
        ? [sizeText, `${sizeText(rate)}/s`]
        : [(count: number): string => String(count), `${rate.toFixed(1)} frames/s`];
    if (this.total === undefined) {
      return `${this.title}  ${amount(this.#done)}${this.unit === 'frames' ? ' frames' : ''}  ${speed}`;
    }
    const share = Math.min(1, this.#done / this.total);
    const width = 30;
    const filled = Math.round(share * width);
    const bar = '#'.repeat(filled) + '-'.repeat(width - filled);
    return `${this.title}  [${bar}] ${amount(this.#done)}/${amount(this.total)}  ${speed}`;
  }
}

/** Formats a number of bytes: 13.9 MB. */
export function sizeText(bytes: number): string {
  if (!(bytes < 1e9)) return `${(bytes / 1e9).toFixed(2)} GB`;
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(bytes < 1e4 ? 1 : 0)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
