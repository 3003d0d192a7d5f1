import type { Mask } from '../mask/segmentation.js';
import type { MaskRuns } from '../mask/runs.js';

/** A mask row by row on the grid of its frame, with edges between cells. Keeps its memory. */
export class RowRuns {
  /** Its first row on the grid. */
  top = 0;
  count = 0;
  /** Index of the first edge of each row; one more for the end. */
  starts = new Int32Array(129);
  /** First cell of each run and one past its last, alternating; on the grid, not only whole cells. */
  edges = new Float32Array(512);
  used = 0;

  begin(top: number): void {
    this.top = top;
    this.count = 0;
    this.used = 0;
  }

  /** Ends a row, for which memory is reserved: row i has the edges from starts[i] to starts[i + 1]. */
  endRow(): void {
    this.starts[++this.count] = this.used;
  }

  /** Reserves memory for so many more rows and edges. */
  reserve(rows: number, edges: number): void {
    if (this.count + rows + 1 > this.starts.length) {
      const larger = new Int32Array(2 * (this.count + rows + 1));
      larger.set(this.starts);
      this.starts = larger;
    }
    if (this.used + edges > this.edges.length) {
      const larger = new Float32Array(2 * (this.used + edges));
      larger.set(this.edges);
      this.edges = larger;
    }
  }

  /** Adds a row of another mask, for which memory is reserved. Edges are moved along x to `scale * x + shift`. */
  addRow(other: RowRuns, row: number, scale = 1, shift = 0): void {
    const { starts, edges } = other;
    const own = this.edges;
    const end = starts[row + 1]!;
    let used = this.used;
    for (let at = starts[row]!; at < end; at++) own[used++] = scale * edges[at]! + shift;
    this.used = used;
  }

  /** Converts a mask. @param runs of the mask */
  read({ x, y, width, height }: Mask, { edges, count }: MaskRuns): void {
    this.begin(y);
    // A run that spans several rows becomes one in each.
    this.reserve(height, 2 * (count + height));
    const { starts, edges: own } = this;
    let run = 0;
    let used = 0;
    for (let row = 0, from = 0; row < height; row++, from += width) {
      const end = from + width;
      const offset = x - from;
      for (; run < count; run++) {
        const begin = edges[2 * run]!;
        if (begin >= end) break;
        const stop = edges[2 * run + 1]!;
        own[used] = (begin > from ? begin : from) + offset;
        own[used + 1] = (stop < end ? stop : end) + offset;
        used += 2;
        if (stop > end) break;
      }
      starts[row + 1] = used;
    }
    this.count = height;
    this.used = used;
  }
}
