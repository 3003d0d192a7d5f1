import type { Mask } from './segmentation.js';

/**
 * The runs of cells inside a mask, through its crop row by row: cells are numbered `y * width + x`, and a run that reaches the
 * right end of a row may go on in the next.
 *
 * One look over the bitmap, from which contours, RLE and run lengths are made in a time that goes by the outline and not by
 * the area. Keeps its memory from mask to mask.
 */
export class Spans {
  count = 0;
  /** First cell of each run, and one past its last. */
  starts = new Int32Array(1 << 10);
  ends = new Int32Array(1 << 10);
  #width = 0;

  read(mask: Mask): void {
    const cells = mask.width * mask.height;
    this.count = 0;
    this.#width = mask.width;
    // A Buffer's indexOf is a memchr: six times as fast as a loop, three times as fast as Uint8Array's.
    const data = Buffer.from(mask.data.buffer, mask.data.byteOffset, cells);
    for (let end = 0; end < cells;) {
      const start = data.indexOf(1, end);
      if (start < 0) break;
      end = data.indexOf(0, start);
      if (end < 0) end = cells;
      this.#add(start, end);
    }
  }

  /** Tells of all cells inside, row by row: cells [from, to) of one row at a time. */
  rows(use: (from: number, to: number) => void): void {
    for (let run = 0; run < this.count; run++) this.#split(this.starts[run]!, this.ends[run]!, use);
  }

  /** Tells of the cells inside whose upper neighbors are outside, in the same way. */
  upperEdges(use: (from: number, to: number) => void): void {
    this.#difference(0, this.#width, use);
  }

  /** Tells of the cells outside whose upper neighbors are inside, in the same way; the row below the crop counts. */
  lowerEdges(use: (from: number, to: number) => void): void {
    this.#difference(this.#width, 0, use);
  }

  /** What is in the runs moved on by `own` and not in the runs moved on by `other`. */
  #difference(own: number, other: number, use: (from: number, to: number) => void): void {
    const { count, starts, ends } = this;
    let k = 0;
    for (let run = 0; run < count; run++) {
      const end = ends[run]! + own;
      for (let at = starts[run]! + own; at < end;) {
        while (k < count && ends[k]! + other <= at) k++;
        const covered = k < count ? starts[k]! + other : end;
        if (covered <= at) {
          at = ends[k]! + other;
          continue;
        }
        const until = Math.min(end, covered);
        this.#split(at, until, use);
        at = until;
      }
    }
  }

  #split(start: number, end: number, use: (from: number, to: number) => void): void {
    const width = this.#width;
    for (let from = start; from < end;) {
      const to = Math.min(end, (Math.floor(from / width) + 1) * width);
      use(from, to);
      from = to;
    }
  }

  #add(start: number, end: number): void {
    if (this.count === this.starts.length) {
      this.starts = larger(this.starts);
      this.ends = larger(this.ends);
    }
    this.starts[this.count] = start;
    this.ends[this.count++] = end;
  }
}

function larger(values: Int32Array): Int32Array<ArrayBuffer> {
  const next = new Int32Array(2 * values.length);
  next.set(values);
  return next;
}
