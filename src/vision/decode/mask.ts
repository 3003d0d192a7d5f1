import { clamp } from '../../base/numbers.js';
import { ExpectationError } from '../../base/expect.js';
import type { Tensor } from '../tensor/tensor.js';
import type { ChannelScales } from './dequantize.js';
import type { Head } from './head-layout.js';
import type { GridAxis, MaskGrid } from './mask-grid.js';
import { MaskLogits } from './mask-logits.js';
import type { Box, Mask } from '../mask/segmentation.js';

/** Bytes that the masks of one frame may take: a thousand large objects at 1080p. */
const ARENA_LIMIT = 1 << 30;
const ARENA_START = 1 << 20;

/**
 * Builds instance masks: coefficients times prototypes inside the box, sampled bilinearly on the mask grid, inside where the
 * logit is above 0 (sigmoid above 0.5).
 *
 * The logits are never upsampled into memory. Between four prototypes that agree there is nothing to sample; runs of such cells
 * are filled at once, and only the band along the contour is sampled. The result is that of sampling every cell.
 */
export class MaskBuilder {
  readonly #head: Head;
  /** Logits at the prototypes under the box, row-major. */
  readonly #logits: MaskLogits;
  #arena = new Uint8Array(ARENA_START);
  #used = 0;

  constructor(proto: Head, scales: ChannelScales | undefined) {
    this.#head = proto;
    this.#logits = new MaskLogits(proto, scales);
  }

  /** Forgets the masks of the frame before; their bytes are used again. */
  begin(): void {
    this.#used = 0;
  }

  /**
   * Fills `mask` for one instance. `mask.data` is a view that stays valid until the next begin().
   *
   * @param coefficients K real numbers, all finite
   * @param box clipped to the picture, in pixels of the source, which may be a part of the picture
   * @throws ExpectationError when the masks of one frame outgrow 1 GiB
   */
  build(proto: Tensor, coefficients: Float32Array, box: Box, grid: MaskGrid, mask: Mask): void {
    const [left, right] = grid.x.cellsWithin(box.x1, box.x2);
    const [top, bottom] = grid.y.cellsWithin(box.y1, box.y2);
    const width = right - left;
    const height = bottom - top;
    if (width === 0 || height === 0) {
      mask.x = mask.y = mask.width = mask.height = 0;
      mask.data = this.#arena.subarray(0, 0);
      return;
    }
    mask.x = left;
    mask.y = top;
    mask.width = width;
    mask.height = height;
    mask.data = this.#allocate(width * height);

    const firstColumn = protoAt(grid.x, left);
    const lastColumn = Math.min(protoAt(grid.x, right - 1) + 1, this.#head.width - 1);
    const firstRow = protoAt(grid.y, top);
    const lastRow = Math.min(protoAt(grid.y, bottom - 1) + 1, this.#head.height - 1);
    this.#logits.combine(proto, coefficients, firstColumn, lastColumn, firstRow, lastRow);
    this.#fill(mask, grid, firstColumn, lastColumn, firstRow, lastRow);
    mask.x += grid.x.first;
    mask.y += grid.y.first;
  }

  /** @returns bytes of any content */
  #allocate(bytes: number): Uint8Array {
    if (this.#used + bytes > this.#arena.length) {
      const needed = this.#used + bytes;
      if (needed > ARENA_LIMIT) {
        throw new ExpectationError(
          `masks of one frame within ${ARENA_LIMIT >> 20} MiB`,
          `${needed >> 20} MiB`,
          'Lower the maximum of detections, raise the score threshold, or ask for masks at prototype resolution.',
        );
      }
      // Masks already handed out keep the old arena alive; from the next frame on the larger one serves all.
      this.#arena = new Uint8Array(Math.min(ARENA_LIMIT, 2 * needed));
      this.#used = 0;
    }
    const data = this.#arena.subarray(this.#used, this.#used + bytes);
    this.#used += bytes;
    return data;
  }

  /** Walks the intervals between prototypes: those that lie inside are filled, those that the contour crosses are sampled. */
  #fill(
    mask: Mask,
    grid: MaskGrid,
    firstColumn: number,
    lastColumn: number,
    firstRow: number,
    lastRow: number,
  ): void {
    const { x: left, y: top, width, height, data } = mask;
    const { values } = this.#logits;
    const columns = lastColumn - firstColumn + 1;
    const right = left + width;
    const bottom = top + height;
    // Left of the first prototype's center, and right of the last one's, the nearest holds; above and below, too.
    const startColumn = grid.x.firstCell(firstColumn) > left ? firstColumn - 1 : firstColumn;
    const startRow = grid.y.firstCell(firstRow) > top ? firstRow - 1 : firstRow;
    for (let row = startRow; row <= lastRow; row++) {
      const fromY = Math.max(top, grid.y.firstCell(row));
      const toY = Math.min(bottom, grid.y.firstCell(row + 1));
      if (fromY >= toY) continue;
      const upper = (Math.max(row, firstRow) - firstRow) * columns;
      const lower = (Math.min(row + 1, lastRow) - firstRow) * columns;
      const base = (fromY - top) * width - left;
      const end = (toY - top) * width - left;
      // A few rows at a time, so that the cells are still in the nearest cache when they are set.
      data.fill(0, base + left, end + left);
      const weight = grid.y.scale * fromY + grid.y.offset - row;
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
        // Where all four corners lie on one side, so does every sample between them.
        if (inside === 4) {
          if (insideFrom < 0) insideFrom = Math.max(left, grid.x.firstCell(column));
        } else if (inside !== 0 || insideFrom >= 0) {
          const from = Math.max(left, grid.x.firstCell(column));
          if (insideFrom >= 0) {
            fillRows(data, base, end, width, insideFrom, Math.min(from, right));
            insideFrom = -1;
          }
          if (inside !== 0) {
            const to = Math.min(right, grid.x.firstCell(column + 1));
            const at = grid.x.scale * from + grid.x.offset - column;
            sampleRows(data, base, end, width, from, to, a, b, c, d, at, grid.x.scale, weight, grid.y.scale);
          }
        }
        a = b;
        c = d;
        leftInside = rightInside;
      }
      if (insideFrom >= 0) fillRows(data, base, end, width, insideFrom, right);
    }
  }
}

/** Sets columns [from, to) of the rows that begin at `base`, `base` + `width` ... before `end`. */
function fillRows(
  data: Uint8Array,
  base: number,
  end: number,
  width: number,
  from: number,
  to: number,
): void {
  for (let row = base; row < end; row += width) data.fill(1, row + from, row + to);
}

/**
 * Samples the bilinear surface between four prototypes in the rows and columns that fillRows() would set.
 *
 * @param a, b, c, d logits: upper left and right, lower left and right; not all on one side of 0
 * @param x, y where the first cell lies between them, 0 to 1
 * @param stepX, stepY from one cell to the next
 */
function sampleRows(
  data: Uint8Array,
  base: number,
  end: number,
  width: number,
  from: number,
  to: number,
  a: number,
  b: number,
  c: number,
  d: number,
  x: number,
  stepX: number,
  y: number,
  stepY: number,
): void {
  // As 32-bit integers: their sign bit is the answer, without a branch that would be guessed wrong at every contour. A
  // unit is 2^-30 of the largest logit, and samples lie between the logits, so nothing overflows.
  const unit = 2 ** 30 / Math.max(Math.abs(a), Math.abs(b), Math.abs(c), Math.abs(d));
  let start = (a + (b - a) * x) * unit;
  let step = (b - a) * stepX * unit;
  const startPerRow = (c + (d - c) * x) * unit - start;
  const stepPerRow = (d - c) * stepX * unit - step;
  start += startPerRow * y;
  step += stepPerRow * y;
  for (let row = base; row < end; row += width) {
    let value = -start | 0;
    const change = -step | 0;
    for (let i = row + from; i < row + to; i++) {
      data[i] = value >>> 31;
      value = (value + change) | 0;
    }
    start += startPerRow * stepY;
    step += stepPerRow * stepY;
  }
}

/** The prototype at or left of a cell's center, within the tensor. */
function protoAt(axis: GridAxis, cell: number): number {
  return clamp(Math.floor(axis.scale * cell + axis.offset), 0, axis.protos - 1);
}
