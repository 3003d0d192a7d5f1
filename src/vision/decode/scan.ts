import type { Tensor } from '../tensor/tensor.js';

/** Cells whose best class reaches its threshold, as parallel arrays that are filled anew for each frame. */
export class Candidates {
  count = 0;
  /** As the model gives it: logits of heads, else probabilities. */
  readonly score: Float32Array;
  readonly classId: Uint16Array;
  readonly level: Uint8Array;
  /** Counts the cells of its level, row by row. */
  readonly cell: Int32Array;

  /** @param capacity number of cells of all levels together */
  constructor(capacity: number) {
    this.score = new Float32Array(capacity);
    this.classId = new Uint16Array(capacity);
    this.level = new Uint8Array(capacity);
    this.cell = new Int32Array(capacity);
  }

  /** Adds a cell unless its best class is not wanted or not certain enough. Infinite scores come from broken tensors. */
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
 * Finds the cells of one level whose best class is certain enough: the part of decoding whose cost does not depend on what is in
 * the picture, for every class score has to be looked at.
 *
 * A cell's class is the one with the largest score, the first of equals.
 */
export interface Scanner {
  /**
   * Adds the cells to `found`, row by row.
   *
   * @param classLimits least score of each class
   * @param lowestLimit the least of them
   */
  scan(tensor: Tensor, classLimits: Float64Array, lowestLimit: number, found: Candidates): void;
}

/**
 * A threshold in stored units, lower by less than float32 can tell, so that "above" it means "at least" the threshold. What is no number, of
 * a broken scale, is no threshold.
 */
export function storedLimit(limit: number, scale = 1, zero = 0): number {
  const value = limit / scale + zero;
  const lower = value - (Math.abs(value) + 1) * 1e-9;
  return Number.isNaN(lower) ? -Infinity : lower;
}
