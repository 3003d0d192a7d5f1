import { ExpectationError } from '../../base/expect.js';
import type { Mask } from './segmentation.js';
import { Spans } from './runs.js';

/** A mask in COCO's run-length encoding: column-major, alternating runs of 0 and 1, packed into a string. */
export interface CocoRle {
  /** Height and width of the grid, in this order. */
  readonly size: readonly [number, number];
  readonly counts: string;
}

/**
 * Encodes masks as COCO's compressed RLE, which pycocotools reads directly.
 *
 * Keeps its buffers from call to call. The format (maskApi.c, rleToString): run lengths over the
 * whole grid in column-major order, starting with zeros; from the third on, each as the difference to the one two
 * places before; written in groups of 5 bits, lowest first, bit 6 set if more follow, offset by 48 into ASCII.
 */
export class RleEncoder {
  readonly #spans = new Spans();
  /** Column x of the crop has runs from index #firstEdge[x] to below #firstEdge[x + 1], from row #begins to below row #ends. */
  #firstEdge = new Int32Array(0);
  #begins = new Int32Array(0);
  #ends = new Int32Array(0);
  #text = new Uint8Array(1 << 12);
  #length = 0;
  /** The last two runs written. */
  #previous = 0;
  #beforePrevious = 0;
  #runs = 0;

  /** @param gridWidth, gridHeight size of the grid the mask lies on (maskWidth, maskHeight of the segmentation) */
  encode(mask: Mask, gridWidth: number, gridHeight: number): CocoRle {
    this.#length = this.#previous = this.#beforePrevious = this.#runs = 0;
    const { x: left, y: top, width } = mask;
    this.#findEdges(mask);
    let runStart = 0;
    /** End of a run of ones, unless the next run begins there: at the bottom of a column. */
    let end = 0;
    for (let x = 0, edge = 0; x < width; x++) {
      const column = (left + x) * gridHeight + top;
      for (const last = this.#firstEdge[x + 1]!; edge < last; edge++) {
        const begin = column + this.#begins[edge]!;
        if (edge === 0 || begin > end) {
          if (edge > 0) {
            this.#push(end - runStart);
            runStart = end;
          }
          this.#push(begin - runStart);
          runStart = begin;
        }
        end = column + this.#ends[edge]!;
      }
    }
    if (this.#runs > 0) {
      this.#push(end - runStart);
      runStart = end;
    }
    const total = gridWidth * gridHeight;
    if (runStart < total) this.#push(total - runStart);
    return { size: [gridHeight, gridWidth], counts: latin1.decode(this.#text.subarray(0, this.#length)) };
  }

  /** Determines the rows in which runs begin and end, column by column. */
  #findEdges(mask: Mask): void {
    const { width } = mask;
    const spans = this.#spans;
    spans.read(mask);
    if (this.#firstEdge.length <= width + 1) this.#firstEdge = new Int32Array(2 * width + 2);
    const first = this.#firstEdge.fill(0, 0, width + 2);
    // Counted two entries ahead, so that after filling the columns each entry is the first of its column.
    spans.upperEdges((from, to) => {
      for (let x = from % width, end = x + to - from; x < end; x++) first[x + 2]!++;
    });
    for (let x = 0; x < width; x++) first[x + 2]! += first[x + 1]!;
    const edges = first[width + 1]!;
    if (this.#begins.length < edges) {
      this.#begins = new Int32Array(2 * edges);
      this.#ends = new Int32Array(2 * edges);
    }
    const begins = this.#begins;
    const ends = this.#ends;
    spans.upperEdges((from, to) => {
      const y = Math.floor(from / width);
      for (let x = from % width, end = x + to - from; x < end; x++) begins[first[x + 1]!++] = y;
    });
    // A column has as many ends as begins: reset to the first of each.
    first.copyWithin(1, 0, width + 1);
    first[0] = 0;
    spans.lowerEdges((from, to) => {
      const y = Math.floor(from / width);
      for (let x = from % width, end = x + to - from; x < end; x++) ends[first[x + 1]!++] = y;
    });
  }

  #push(run: number): void {
    if (this.#length + 8 > this.#text.length) {
      const larger = new Uint8Array(2 * this.#text.length);
      larger.set(this.#text);
      this.#text = larger;
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

const latin1 = new TextDecoder('latin1');

/**
 * Expands compressed RLE into a mask that covers its whole grid.
 *
 * @throws ExpectationError for counts that are truncated, negative, or do not add up to the size
 */
export function decodeRle(rle: CocoRle): Mask {
  const [height, width] = rle.size;
  const runs: number[] = [];
  const { counts } = rle;
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
  const data = new Uint8Array(width * height);
  let position = 0;
  for (const [index, run] of runs.entries()) {
    if (run < 0 || position + run > data.length) {
      throw new ExpectationError(
        `runs that add up to ${width * height} cells`,
        `${position} cells and a run of ${run}`,
      );
    }
    if (index % 2 === 1) {
      for (let p = position; p < position + run; p++) data[(p % height) * width + Math.floor(p / height)] = 1;
    }
    position += run;
  }
  if (position !== data.length) {
    throw new ExpectationError(`runs that add up to ${width * height} cells`, `${position} cells`);
  }
  return { x: 0, y: 0, width, height, data };
}
