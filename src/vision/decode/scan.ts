import type { Tensor } from '../tensor/tensor.js';

/** Cells whose best class reaches its threshold, as parallel arrays that are reused for each frame. */
export class Candidates {
  count = 0;
  /** In the model's units: logits for heads, else probabilities. */
  readonly score: Float32Array;
  readonly classId: Uint16Array;
  readonly level: Uint8Array;
  /** Number of the cell in its level, counted row by row. */
  readonly cell: Int32Array;

  /** @param capacity number of cells of all levels together */
  constructor(capacity: number) {
    this.score = new Float32Array(capacity);
    this.classId = new Uint16Array(capacity);
    this.level = new Uint8Array(capacity);
    this.cell = new Int32Array(capacity);
  }

  /** Adds a cell if its best class is reported and reaches its threshold. Infinite scores come from broken tensors. */
  offer(score: number, classId: number, classLimits: Float64Array, level: number, cell: number): void {
    if (!(score >= classLimits[classId]!) || score === Infinity) return;
    const i = this.count++;
    this.score[i] = score;
    this.classId[i] = classId;
    this.level[i] = level;
    this.cell[i] = cell;
  }
}

/**
 * Finds the cells of one level whose best class reaches its threshold: the part of decoding whose cost does not depend on the contents of
 * the picture, because every class score must be read.
 *
 * A cell's class is the one with the largest score; if several are equal, the first of them.
 */
export interface Scanner {
  /**
   * Adds the cells to `found`, row by row.
   *
   * @param classLimits lowest score of each class
   * @param lowestLimit the lowest of them
   */
  scan(tensor: Tensor, classLimits: Float64Array, lowestLimit: number, found: Candidates): void;
}

/**
 * A threshold in stored units, lowered by less than the resolution of float32, so that "above" it means "at least" the threshold. NaN, from
 * a broken scale, becomes -Infinity: no threshold.
 */
export function storedLimit(limit: number, scale = 1, zero = 0): number {
  const value = limit / scale + zero;
  const lower = value - (Math.abs(value) + 1) * 1e-9;
  return Number.isNaN(lower) ? -Infinity : lower;
}
