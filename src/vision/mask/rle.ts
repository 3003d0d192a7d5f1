import { ExpectationError } from '../../base/expect.js';
import type { Mask } from './segmentation.js';
import { MaskRuns } from './runs.js';

/** A mask in COCO's run-length encoding: column-major, alternating runs of 0 and 1, packed into a string. */
export interface CocoRle {
  /** Height and width of the grid, in this order. */
  readonly size: readonly [number, number];
  readonly counts: string;
}

/** Beyond all cells. */
const NO_CELL = 0x7fffffff;

/**
 * Encodes masks as COCO's compressed RLE, which pycocotools reads directly.
 *
 * Keeps its buffers from call to call. The format (maskApi.c, rleToString): run lengths over the
 * whole grid in column-major order, starting with zeros; from the third on, each as the difference to the one two
 * places before; written in groups of 5 bits, lowest first, bit 6 set if more follow, offset by 48 into ASCII.
 */
export class RleEncoder {
  readonly #maskRuns = new MaskRuns();
  /**
   * Where columns change between outside and inside, as a list for each column: entry x is the head of column x of the crop. Of each
   * entry its row, and the next one's index, 0 for none.
   */
  #rows = new Int32Array(1 << 12);
  #next = new Int32Array(1 << 12);
  #used = 0;
  /** The last entry of each column. */
  #tails = new Int32Array(0);
  #text = Buffer.alloc(1 << 12);
  #length = 0;
  /** The last two runs written. */
  #previous = 0;
  #beforePrevious = 0;
  #runs = 0;

  /** @param gridWidth, gridHeight size of the grid the mask lies on (maskWidth, maskHeight of the segmentation) */
  encode(mask: Mask, gridWidth: number, gridHeight: number): CocoRle {
    this.#length = this.#previous = this.#beforePrevious = this.#runs = 0;
    const { x: left, y: top, width } = mask;
    this.#findChanges(mask);
    const rows = this.#rows;
    const next = this.#next;
    let runStart = 0;
    /** End of a run of ones, unless the next run begins there: at the bottom of a column. */
    let end = -1;
    for (let x = 0; x < width; x++) {
      const column = (left + x) * gridHeight + top;
      for (let begins = next[x]!; begins !== 0;) {
        const ends = next[begins]!;
        const begin = column + rows[begins]!;
        if (begin !== end) {
          if (end >= 0) {
            this.#push(end - runStart);
            runStart = end;
          }
          this.#push(begin - runStart);
          runStart = begin;
        }
        end = column + rows[ends]!;
        begins = next[ends]!;
      }
    }
    if (end >= 0) {
      this.#push(end - runStart);
      runStart = end;
    }
    const total = gridWidth * gridHeight;
    if (runStart < total) this.#push(total - runStart);
    return { size: [gridHeight, gridWidth], counts: this.#text.toString('latin1', 0, this.#length) };
  }

  /**
   * Lists the rows in which columns change, from above. A cell differs from the one above it wherever the runs and the same runs a row
   * further down do not cover both or neither: between every other one of their ends, in order.
   */
  #findChanges(mask: Mask): void {
    const { width } = mask;
    const maskRuns = this.#maskRuns;
    maskRuns.read(mask);
    const { edges } = maskRuns;
    const count = 2 * maskRuns.count;
    this.#begin(width);
    let upper = 0;
    let lower = 0;
    let row = 0;
    let rowStart = 0;
    let from = -1;
    while (upper < count || lower < count) {
      const own = lower < count ? edges[lower]! : NO_CELL;
      const above = upper < count ? edges[upper]! + width : NO_CELL;
      if (own <= above) lower++;
      if (above <= own) upper++;
      // Where two ends fall together, a difference neither begins nor ends.
      if (own === above) continue;
      const at = Math.min(own, above);
      if (from < 0) {
        from = at;
        continue;
      }
      while (from >= rowStart + width) {
        rowStart += width;
        row++;
      }
      this.#change(from - rowStart, at - from, row, width);
      from = -1;
    }
  }

  /** Empty columns. */
  #begin(width: number): void {
    if (this.#next.length < 2 * width) this.#grow(4 * width);
    if (this.#tails.length < width) this.#tails = new Int32Array(2 * width);
    this.#used = Math.max(1, width);
    this.#next.fill(0, 0, width);
    for (let x = 0; x < width; x++) this.#tails[x] = x;
  }

  /** So many cells from column x on change in this row, or behind its end in the next ones. */
  #change(x: number, cells: number, row: number, width: number): void {
    if (this.#used + cells > this.#next.length) this.#grow(2 * (this.#used + cells));
    const rows = this.#rows;
    const next = this.#next;
    const tails = this.#tails;
    let entry = this.#used;
    this.#used += cells;
    for (; entry < this.#used; entry++, x++) {
      if (x === width) {
        x = 0;
        row++;
      }
      rows[entry] = row;
      next[entry] = 0;
      next[tails[x]!] = entry;
      tails[x] = entry;
    }
  }

  #grow(length: number): void {
    const rows = new Int32Array(length);
    const next = new Int32Array(length);
    rows.set(this.#rows);
    next.set(this.#next);
    this.#rows = rows;
    this.#next = next;
  }

  #push(run: number): void {
    if (this.#length + 8 > this.#text.length) {
      this.#text = Buffer.concat([this.#text], 2 * this.#text.length);
    }
    let rest = this.#runs > 2 ? run - this.#beforePrevious : run;
    this.#runs++;
    this.#beforePrevious = this.#previous;
    this.#previous = run;
    for (let more = true; more;) {
      const bits = rest & 0x1f;
      rest >>= 5;
      more = (bits & 0x10) !== 0 ? rest !== -1 : rest !== 0;
      this.#text[this.#length++] = (more ? bits | 0x20 : bits) + 48;
    }
  }
}

/**
 * Expands compressed RLE into a mask that covers its whole grid.
 *
 * @throws ExpectationError for counts that are truncated, negative, or do not add up to the size
 */
export function decodeRle(rle: CocoRle): Mask {
  const [height, width] = rle.size;
  const data = new Uint8Array(width * height);
  eachRun(rleRuns(rle.counts), width * height, (from, to) => {
    for (let p = from; p < to; p++) data[(p % height) * width + Math.floor(p / height)] = 1;
  });
  return { x: 0, y: 0, width, height, data };
}

/**
 * Expands RLE into the smallest crop that holds the mask.
 *
 * @param counts compressed, or the run lengths themselves, as COCO's crowds have them
 * @throws ExpectationError as decodeRle
 */
export function decodeCroppedRle(
  counts: string | readonly number[],
  gridWidth: number,
  gridHeight: number,
): Mask {
  const runs = typeof counts === 'string' ? rleRuns(counts) : counts;
  let [left, top, right, bottom] = [gridWidth, gridHeight, 0, 0];
  eachRun(runs, gridWidth * gridHeight, (from, to) => {
    const [first, last] = [Math.floor(from / gridHeight), Math.floor((to - 1) / gridHeight)];
    left = Math.min(left, first);
    right = Math.max(right, last + 1);
    // A run over the end of a column touches both edges.
    top = Math.min(top, first === last ? from % gridHeight : 0);
    bottom = Math.max(bottom, first === last ? ((to - 1) % gridHeight) + 1 : gridHeight);
  });
  if (right === 0) return { x: 0, y: 0, width: 0, height: 0, data: new Uint8Array(0) };
  const [width, height] = [right - left, bottom - top];
  const data = new Uint8Array(width * height);
  eachRun(runs, gridWidth * gridHeight, (from, to) => {
    for (let at = from; at < to;) {
      const x = Math.floor(at / gridHeight);
      const end = Math.min(to, (x + 1) * gridHeight);
      for (let y = at - x * gridHeight; at < end; at++, y++) data[(y - top) * width + x - left] = 1;
    }
  });
  return { x: left, y: top, width, height, data };
}

/** The run lengths of compressed counts. */
function rleRuns(counts: string): number[] {
  const runs: number[] = [];
  for (let i = 0; i < counts.length;) {
    let value = 0;
    let shift = 0;
    let code = 0x20;
    for (; (code & 0x20) !== 0; i++, shift += 5) {
      code = counts.charCodeAt(i) - 48;
      if (!(code >= 0 && code < 64) || shift > 30) {
        throw new ExpectationError(
          'COCO compressed RLE counts',
          counts,
          `Character ${i} does not belong there.`,
        );
      }
      value |= (code & 0x1f) << shift;
    }
    if ((code & 0x10) !== 0 && shift < 32) value |= -1 << shift;
    runs.push(runs.length > 2 ? value + runs[runs.length - 2]! : value);
  }
  return runs;
}

/** Tells of each run of ones, [from, to), that is not empty. @throws ExpectationError unless the runs are `cells` long */
function eachRun(runs: readonly number[], cells: number, ones: (from: number, to: number) => void): void {
  let position = 0;
  for (const [index, run] of runs.entries()) {
    if (!(run >= 0) || position + run > cells) {
      throw new ExpectationError(
        `runs that add up to ${cells} cells`,
        `${position} cells and a run of ${run}`,
      );
    }
    if (index % 2 === 1 && run > 0) ones(position, position + run);
    position += run;
  }
  if (position !== cells) {
    throw new ExpectationError(`runs that add up to ${cells} cells`, `${position} cells`);
  }
}
