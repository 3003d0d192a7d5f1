/** A progress bar on standard error: redrawn in place on a terminal, a line at every quarter elsewhere. */
export class Progress {
  #done = 0;
  #drawn = 0;
  #quarter = 0;
  readonly #start = performance.now();

  /** @param total number of steps, where it is known */
  constructor(
    readonly title: string,
    readonly total: number | undefined,
    readonly stream: NodeJS.WriteStream = process.stderr,
  ) {}

  step(): void {
    this.#done++;
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

  /** Wipes the bar, so that what is printed next stands alone. */
  end(): void {
    if (this.stream.isTTY) this.stream.write('\r\u001b[K');
  }

  #line(): string {
    const rate = this.#done / ((performance.now() - this.#start) / 1000);
    const speed = `${rate.toFixed(1)} frames/s`;
    if (this.total === undefined) return `${this.title}  ${this.#done} frames  ${speed}`;
    const share = Math.min(1, this.#done / this.total);
    const width = 30;
    const filled = Math.round(share * width);
    const bar = '#'.repeat(filled) + '-'.repeat(width - filled);
    return `${this.title}  [${bar}] ${this.#done}/${this.total}  ${speed}`;
  }
}
