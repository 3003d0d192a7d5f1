import type { Segmentation } from './segmentation.js';
import { MaskRuns } from './runs.js';

/** Told of cells [from, to) of one row of the grid, counted row by row, and of the instance that lies there, by its rank. */
export type PaintCells = (from: number, to: number, rank: number) => void;

/**
 * Lays the masks of a frame on a grid of any size that covers the picture: a cell belongs to the instance in whose mask its
 * center lies. Better scores come last, so that they lie on top.
 *
 * Keeps what it knows of a grid from frame to frame.
 */
export class MaskPainter {
  readonly #maskRuns = new MaskRuns();
  readonly #columns = new Axis();
  readonly #rows = new Axis();

  /**
   * @param width cells of the grid
   * @param height
   */
  paint(segmentation: Segmentation, width: number, height: number, fill: PaintCells): void {
    const { maskWidth, maskHeight, instances } = segmentation;
    const columns = this.#columns.firstCells(maskWidth, width);
    const rows = this.#rows.firstCells(maskHeight, height);
    for (let rank = instances.length - 1; rank >= 0; rank--) {
      const { mask } = instances[rank]!;
      this.#maskRuns.read(mask);
      this.#maskRuns.rows((from, to) => {
        const y = Math.floor(from / mask.width);
        const shift = mask.x - y * mask.width;
        const first = columns[from + shift]!;
        const last = columns[to + shift]!;
        if (first === last) return;
        for (let row = rows[mask.y + y]!; row < rows[mask.y + y + 1]!; row++) {
          fill(row * width + first, row * width + last, rank);
        }
      });
    }
  }
}

/** One axis of two grids that cover the same picture. */
export class Axis {
  #first = new Int32Array(0);
  #maskCells = 0;
  #cells = 0;

  /** For each mask cell along the axis, and one behind the last, the first cell of the grid whose center lies in it or a later one. */
  firstCells(maskCells: number, cells: number): Int32Array {
    if (maskCells === this.#maskCells && cells === this.#cells) return this.#first;
    const first = new Int32Array(maskCells + 1);
    let cell = 0;
    for (let at = 0; at <= maskCells; at++) {
      while (cell < cells && Math.floor(((cell + 0.5) * maskCells) / cells) < at) cell++;
      first[at] = cell;
    }
    [this.#first, this.#maskCells, this.#cells] = [first, maskCells, cells];
    return first;
  }
}
