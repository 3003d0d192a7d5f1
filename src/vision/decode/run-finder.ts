import type { Kernels } from '../tensor/kernels.js';
import type { MaskGrid } from './mask-grid.js';
import type { ProtoArea } from './mask-logits.js';

/** A crop of the mask grid in cells: from left and top to before right and bottom. */
export interface GridCrop {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** Where the surface between four logits is above 0 in the cells of one row. */
interface Piece {
  from: number;
  to: number;
  /** Whether all of it is inside; the other fields are then unused. */
  inside: boolean;
  /** For the row: the surface at the first cell, and its change from cell to cell, in units of 2^-30 of the largest logit. */
  start: number;
  step: number;
  startPerRow: number;
  stepPerRow: number;
}

/**
 * Finds the runs of masks: the cells of a crop where the bilinear surface between the logits is above 0 (sigmoid above 0.5), as pairs of
 * the first cell of a run and one past its last. Cells are counted through the crop row by row, and a run that reaches the right end of a
 * row may continue in the next.
 *
 * Logits are not sampled between four prototypes of the same sign. Elsewhere, the surface is a line in each row of cells, which
 * crosses 0 once. The result is the same as if every cell were sampled.
 */
export class RunFinder {
  /** Pairs of all masks since the last clear(). */
  #runs = new Int32Array(1 << 12);
  #used = 0;
  /** The end of the last run. */
  #end = -1;
  #first = 0;
  readonly #pieces: Piece[] = [];
  readonly #numbers = new Int32Array(8);
  readonly #scales = new Float64Array(4);

  constructor(private readonly kernels?: Kernels) {}

  /** Discards the runs of the previous frame; their memory is reused. */
  clear(): void {
    this.#used = 0;
  }

  /** @returns a view that stays valid until the next clear() */
  find(crop: GridCrop, grid: MaskGrid, area: ProtoArea, logits: Float32Array): Int32Array {
    this.#first = this.#used;
    if (this.kernels) this.#ask(this.kernels, crop, grid, area, logits);
    else this.#sample(crop, grid, area, logits);
    return this.#runs.subarray(this.#first, this.#used);
  }

  #ask(kernels: Kernels, crop: GridCrop, { x, y }: MaskGrid, area: ProtoArea, logits: Float32Array): void {
    const numbers = this.#numbers;
    numbers[0] = crop.left;
    numbers[1] = crop.top;
    numbers[2] = crop.right;
    numbers[3] = crop.bottom;
    numbers[4] = area.firstColumn;
    numbers[5] = area.lastColumn;
    numbers[6] = area.firstRow;
    numbers[7] = area.lastRow;
    const scales = this.#scales;
    scales[0] = x.scale;
    scales[1] = x.offset;
    scales[2] = y.scale;
    scales[3] = y.offset;
    for (;;) {
      const room = this.#runs.subarray(this.#used);
      const pairs = kernels.runs(numbers, logits, x.firstCells, y.firstCells, scales, room);
      if (2 * pairs <= room.length) {
        this.#used += 2 * pairs;
        return;
      }
      this.#grow(this.#used + 2 * pairs);
    }
  }

  #sample(crop: GridCrop, grid: MaskGrid, area: ProtoArea, values: Float32Array): void {
    const { left, top, right, bottom } = crop;
    const { firstColumn, lastColumn, firstRow, lastRow } = area;
    const columns = lastColumn - firstColumn + 1;
    const width = right - left;
    this.#end = -1;
    // Beyond the centers of the outermost prototypes, on all sides, the nearest prototype applies.
    const startRow = grid.y.firstCell(firstRow) > top ? firstRow - 1 : firstRow;
    for (let row = startRow; row <= lastRow; row++) {
      const fromY = Math.max(top, grid.y.firstCell(row));
      const toY = Math.min(bottom, grid.y.firstCell(row + 1));
      if (fromY >= toY) continue;
      const upper = (Math.max(row, firstRow) - firstRow) * columns;
      const lower = (Math.min(row + 1, lastRow) - firstRow) * columns;
      const weight = grid.y.scale * fromY + grid.y.offset - row;
      const count = this.#cut(crop, grid, area, values, upper, lower, weight);
      let base = (fromY - top) * width - left;
      for (let line = fromY; line < toY; line++, base += width) this.#row(count, base, grid.y.scale);
    }
  }

  /** Cuts a band between two rows of prototypes into pieces. @returns their number */
  #cut(
    { left, right }: GridCrop,
    { x }: MaskGrid,
    { firstColumn, lastColumn }: ProtoArea,
    values: Float32Array,
    upper: number,
    lower: number,
    weight: number,
  ): number {
    const columns = lastColumn - firstColumn + 1;
    const startColumn = x.firstCell(firstColumn) > left ? firstColumn - 1 : firstColumn;
    let count = 0;
    let insideFrom = -1;
    let a = values[upper]!;
    let c = values[lower]!;
    let leftInside = (a > 0 ? 1 : 0) + (c > 0 ? 1 : 0);
    for (let column = startColumn; column <= lastColumn; column++) {
      const next = column < lastColumn ? column + 1 - firstColumn : columns - 1;
      const b = values[upper + next]!;
      const d = values[lower + next]!;
      const rightInside = (b > 0 ? 1 : 0) + (d > 0 ? 1 : 0);
      const inside = leftInside + rightInside;
      // If all four corners have the same sign, so has every sample between them.
      if (inside === 4) {
        if (insideFrom < 0) insideFrom = Math.max(left, x.firstCell(column));
      } else if (inside !== 0 || insideFrom >= 0) {
        const from = Math.max(left, x.firstCell(column));
        if (insideFrom >= 0) {
          this.#piece(count++, insideFrom, Math.min(from, right), true);
          insideFrom = -1;
        }
        const to = Math.min(right, x.firstCell(column + 1));
        if (inside !== 0 && from < to) {
          const piece = this.#piece(count++, from, to, false);
          const at = x.scale * from + x.offset - column;
          const unit = 2 ** 30 / Math.max(Math.abs(a), Math.abs(b), Math.abs(c), Math.abs(d));
          piece.start = (a + (b - a) * at) * unit;
          piece.step = (b - a) * x.scale * unit;
          piece.startPerRow = (c + (d - c) * at) * unit - piece.start;
          piece.stepPerRow = (d - c) * x.scale * unit - piece.step;
          piece.start += piece.startPerRow * weight;
          piece.step += piece.stepPerRow * weight;
        }
      }
      a = b;
      c = d;
      leftInside = rightInside;
    }
    if (insideFrom >= 0) this.#piece(count++, insideFrom, right, true);
    return count;
  }

  #piece(index: number, from: number, to: number, inside: boolean): Piece {
    // Initialized with fractions, so that V8 does not represent them as integers.
    const piece = (this.#pieces[index] ??= {
      ...{ from: 0, to: 0, inside: false },
      ...{ start: 0.5, step: 0.5, startPerRow: 0.5, stepPerRow: 0.5 },
    });
    piece.from = from;
    piece.to = to;
    piece.inside = inside;
    return piece;
  }

  /** Finds the runs of one row of cells, whose first cell is `base`, and advances the pieces to the next row. */
  #row(count: number, base: number, scale: number): void {
    for (let k = 0; k < count; k++) {
      const piece = this.#pieces[k]!;
      const { from, to } = piece;
      if (piece.inside) {
        if (from < to) this.#add(base + from, base + to);
        continue;
      }
      // Inside where start + i * step is above 0. In 32-bit integers, so that the result is exact: inside where value is below 0.
      const value = -piece.start | 0;
      const change = -piece.step | 0;
      const length = to - from;
      let first = 0;
      let last = length;
      if (value >= 0) {
        first = change < 0 ? Math.min(length, Math.floor(value / -change) + 1) : length;
      } else if (change > 0) {
        last = Math.min(length, Math.ceil(-value / change));
      }
      if (first < last) this.#add(base + from + first, base + from + last);
      piece.start += piece.startPerRow * scale;
      piece.step += piece.stepPerRow * scale;
    }
  }

  #add(from: number, to: number): void {
    if (from === this.#end) {
      this.#runs[this.#used - 1] = this.#end = to;
      return;
    }
    if (this.#used + 2 > this.#runs.length) this.#grow(this.#used + 2);
    this.#runs[this.#used++] = from;
    this.#runs[this.#used++] = this.#end = to;
  }

  /** Masks that were already returned keep the old memory alive; from the next frame on, all masks use the larger one. */
  #grow(needed: number): void {
    const larger = new Int32Array(2 * needed);
    larger.set(this.#runs.subarray(0, this.#used));
    this.#runs = larger;
  }
}
