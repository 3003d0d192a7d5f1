import { MaskRuns } from '../mask/runs.js';
import type { Mask } from '../mask/segmentation.js';
import { type DepthKernels, type RunsMemory, SHAPE } from './kernels.js';

/** The cells of one mask on a grid that covers the picture, row by row. Keeps its memory from mask to mask. */
export class GridRuns implements RunsMemory {
  readonly shape = new Int32Array(SHAPE.length);
  edges = new Int32Array(1 << 10);
  ends = new Int32Array(1 << 8);
  readonly #crop = new Int32Array(4);

  /** Rows [top, bottom), the only ones that may have cells. */
  get top(): number {
    return this.shape[SHAPE.top]!;
  }
  get bottom(): number {
    return this.shape[SHAPE.bottom]!;
  }
  /** Bounds of the columns: [left, right). */
  get left(): number {
    return this.shape[SHAPE.left]!;
  }
  get right(): number {
    return this.shape[SHAPE.right]!;
  }
  /** Number of cells. */
  get cells(): number {
    return this.shape[SHAPE.cells]!;
  }

  /**
   * The mask on another grid: a cell of it is inside if the mask's cell that contains its center is.
   *
   * @param columns for each column of the mask's grid, and one behind the last, the first column of this grid whose center lies in it or
   * a later one (Axis of vision/mask/mask-painter)
   * @param rows the same of rows
   */
  set(mask: Mask, runs: MaskRuns, columns: Int32Array, rows: Int32Array, kernels?: DepthKernels): void {
    runs.read(mask);
    const { count, edges } = runs;
    const { width } = mask;
    this.#begin(rows[mask.y]!, rows[mask.y + mask.height]!);
    if (kernels) {
      const crop = this.#crop;
      crop[0] = mask.x;
      crop[1] = mask.y;
      crop[2] = width;
      crop[3] = mask.height;
      const all = runs.runs;
      const needed = kernels.lay(all, crop, columns, rows, this);
      if (this.#reserve(needed)) kernels.lay(all, crop, columns, rows, this);
      return;
    }
    let run = 0;
    let used = 0;
    for (let y = 0; y < mask.height; y++) {
      const begin = y * width;
      const end = begin + width;
      while (run < count && edges[2 * run + 1]! <= begin) run++;
      const row = rows[mask.y + y]!;
      const beyond = rows[mask.y + y + 1]!;
      if (row === beyond) continue;
      const from = used;
      for (let r = run; r < count && edges[2 * r]! < end; r++) {
        const first = columns[Math.max(edges[2 * r]!, begin) - begin + mask.x]!;
        const last = columns[Math.min(edges[2 * r + 1]!, end) - begin + mask.x]!;
        if (first < last) used = this.#push(used, first, last);
      }
      this.ends[row - this.top + 1] = used;
      // A coarse mask has the same cells in several rows.
      for (let copy = row + 1; copy < beyond; copy++) {
        const to = this.ends[row - this.top + 1]!;
        for (let k = from; k < to; k += 2) used = this.#push(used, this.edges[k]!, this.edges[k + 1]!);
        this.ends[copy - this.top + 1] = used;
      }
    }
    this.#finish();
  }

  /**
   * What is left of a mask without a band along its edge: the cells whose disc of that radius lies inside. Where the mask meets the border
   * of the grid there is no edge: the object goes on beyond the picture.
   *
   * @param disc `disc[dy]` is half the width of the disc in row dy, from discOf()
   */
  erode(source: GridRuns, disc: Int32Array, width: number, height: number, kernels?: DepthKernels): void {
    const band = disc.length - 1;
    this.#begin(source.top, source.bottom);
    if (kernels) {
      const needed = kernels.erode(source, disc, width, height, this);
      if (this.#reserve(needed)) kernels.erode(source, disc, width, height, this);
      return;
    }
    let used = 0;
    for (let row = source.top; row < source.bottom; row++) {
      let { length } = source.#copyRow(row, disc[0]!, width, scratch);
      for (let dy = 1; dy <= band && length > 0; dy++) {
        for (const other of [row - dy, row + dy]) {
          if (other < 0 || other >= height) continue;
          length = source.#intersectRow(other, disc[dy]!, width, length);
        }
      }
      for (let k = 0; k < length; k += 2) used = this.#push(used, scratch.a[k]!, scratch.a[k + 1]!);
      this.ends[row - this.top + 1] = used;
    }
    this.#finish();
  }

  /**
   * Visits the cells of the mask and those around it whose disc touches it: cells [from, to) of the grid, row by row; some of them more
   * than once.
   *
   * @param disc as for erode()
   */
  grow(disc: Int32Array, width: number, height: number, use: (from: number, to: number) => void): void {
    if (this.top === this.bottom) return;
    const margin = disc.length - 1;
    const last = Math.min(height, this.bottom + margin);
    for (let row = Math.max(0, this.top - margin); row < last; row++) this.#growRow(row, disc, width, use);
  }

  /** The runs of the rows that reach a row, neighbors joined. */
  #growRow(row: number, disc: Int32Array, width: number, use: (from: number, to: number) => void): void {
    const { top, bottom, ends, edges } = this;
    const margin = disc.length - 1;
    const begin = row * width;
    let from = -1;
    let to = -1;
    // The own row first: it is nearly all of it, and what other rows add is short.
    for (let dy = 0; dy <= margin; dy++) {
      const reach = disc[dy]!;
      for (let y = row - dy; y <= row + dy; y += 2 * dy || 1) {
        if (y < top || y >= bottom) continue;
        const last = ends[y - top + 1]!;
        for (let k = ends[y - top]!; k < last; k += 2) {
          const first = edges[k]! - reach;
          const beyond = edges[k + 1]! + reach;
          if (to >= 0 && first >= from && beyond <= to) continue;
          if (to >= 0 && first <= to && beyond >= from) {
            if (first < from) from = first;
            if (beyond > to) to = beyond;
            continue;
          }
          if (to >= 0) use(begin + (from > 0 ? from : 0), begin + (to < width ? to : width));
          from = first;
          to = beyond;
        }
      }
    }
    if (to >= 0) use(begin + (from > 0 ? from : 0), begin + (to < width ? to : width));
  }

  /** Copies a row to scratch.a, each run shorter by `shrink` at both ends. */
  #copyRow(row: number, shrink: number, width: number, { a }: Scratch): { length: number } {
    let length = 0;
    const from = this.ends[row - this.top]!;
    const to = this.ends[row - this.top + 1]!;
    if (a.length < to - from) scratch.grow(2 * (to - from));
    for (let k = from; k < to; k += 2) {
      const first = this.edges[k]! === 0 ? 0 : this.edges[k]! + shrink;
      const last = this.edges[k + 1]! === width ? width : this.edges[k + 1]! - shrink;
      if (first >= last) continue;
      scratch.a[length++] = first;
      scratch.a[length++] = last;
    }
    return { length };
  }

  /** Intersects scratch.a with a row, shrunk in the same way. @returns the new length */
  #intersectRow(row: number, shrink: number, width: number, length: number): number {
    if (row < this.top || row >= this.bottom) return 0;
    const to = this.ends[row - this.top + 1]!;
    let k = this.ends[row - this.top]!;
    if (scratch.b.length < length + to - k) scratch.grow(2 * (length + to - k));
    const { a, b } = scratch;
    let used = 0;
    for (let i = 0; i < length && k < to;) {
      const first = this.edges[k]! === 0 ? 0 : this.edges[k]! + shrink;
      const last = this.edges[k + 1]! === width ? width : this.edges[k + 1]! - shrink;
      const from = Math.max(first, a[i]!);
      const until = Math.min(last, a[i + 1]!);
      if (from < until) {
        b[used++] = from;
        b[used++] = until;
      }
      if (last < a[i + 1]!) k += 2;
      else i += 2;
    }
    scratch.a = b;
    scratch.b = a;
    return used;
  }

  #begin(top: number, bottom: number): void {
    const { shape } = this;
    shape[SHAPE.top] = top;
    shape[SHAPE.bottom] = bottom;
    if (this.ends.length < bottom - top + 1) this.ends = new Int32Array(2 * (bottom - top + 1));
    this.ends.fill(0, 0, bottom - top + 1);
  }

  /** @returns whether memory is new */
  #reserve(needed: number): boolean {
    if (needed <= this.edges.length) return false;
    this.edges = new Int32Array(2 * needed);
    return true;
  }

  /** @returns the new number of edges */
  #push(used: number, first: number, last: number): number {
    if (used + 2 > this.edges.length) {
      const larger = new Int32Array(2 * this.edges.length);
      larger.set(this.edges);
      this.edges = larger;
    }
    this.edges[used] = first;
    this.edges[used + 1] = last;
    return used + 2;
  }

  #finish(): void {
    const { shape, edges, ends } = this;
    let { top, bottom } = this;
    const used = ends[bottom - top]!;
    let cells = 0;
    let left = 0x7fffffff;
    let right = 0;
    for (let k = 0; k < used; k += 2) {
      cells += edges[k + 1]! - edges[k]!;
      left = Math.min(left, edges[k]!);
      right = Math.max(right, edges[k + 1]!);
    }
    // Rows without cells at both ends would count as the object's.
    let skip = 0;
    while (top + skip < bottom && ends[skip + 1] === 0) skip++;
    if (skip > 0) {
      ends.copyWithin(0, skip, bottom - top + 1);
      top += skip;
    }
    while (bottom > top && ends[bottom - top - 1] === used) bottom--;
    shape[SHAPE.top] = top;
    shape[SHAPE.bottom] = bottom;
    shape[SHAPE.left] = left;
    shape[SHAPE.right] = right;
    shape[SHAPE.cells] = cells;
  }
}

class Scratch {
  a = new Int32Array(1 << 8);
  b = new Int32Array(1 << 8);

  grow(length: number): void {
    for (const name of ['a', 'b'] as const) {
      const larger = new Int32Array(length);
      larger.set(this[name].subarray(0, Math.min(length, this[name].length)));
      this[name] = larger;
    }
  }
}
const scratch = new Scratch();

/** Half widths of the rows of a disc, from its middle on: cells whose centers are no farther away than radius + 0.5. */
export function discOf(radius: number): Int32Array {
  return Int32Array.from({ length: radius + 1 }, (_, dy) =>
    Math.floor(Math.sqrt((radius + 0.5) ** 2 - dy ** 2)),
  );
}
