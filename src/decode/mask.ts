import { ExpectationError } from '../expect.js';
import type { Tensor } from '../engine/tensor.js';
import type { ChannelScales } from './dequantize.js';
import type { Head } from './heads.js';
import type { MaskGrid } from './mask-grid.js';
import { MaskLogits } from './mask-logits.js';
import type { Box, Mask } from './segmentation.js';

/** Bytes that the masks of one frame may take: a thousand large objects at 1080p. */
const ARENA_LIMIT = 1 << 30;
const ARENA_START = 1 << 20;

const OUTSIDE = 0;
const INSIDE = 1;
const MIXED = 2;

/**
 * Builds instance masks: coefficients times prototypes inside the box, sampled bilinearly on the mask grid, inside where the
 * logit is above 0 (sigmoid above 0.5).
 *
 * The logits are never upsampled into memory. Along a grid row the bilinear surface is linear between two neighbouring
 * prototypes, so the sign of its two ends and at most one crossing tell where the row enters and leaves the mask; runs of
 * cells are then filled at once. The result is that of sampling every cell.
 */
export class MaskBuilder {
  readonly #head: Head;
  /** Logits at the prototypes under the box, row-major. */
  readonly #logits: MaskLogits;
  /** For each interval between two prototype columns: on which side of the contour it lies, and where the like of it ends. */
  readonly #sides: Uint8Array;
  readonly #ends: Int32Array;
  #arena = new Uint8Array(ARENA_START);
  #used = 0;

  constructor(proto: Head, scales: ChannelScales | undefined) {
    this.#head = proto;
    this.#logits = new MaskLogits(proto, scales);
    this.#sides = new Uint8Array(proto.width);
    this.#ends = new Int32Array(proto.width);
  }

  /** Forgets the masks of the frame before; their bytes are used again. */
  begin(): void {
    this.#used = 0;
  }

  /**
   * Fills `mask` for one instance. `mask.data` is a view that stays valid until the next begin().
   *
   * @param coefficients K real numbers, all finite
   * @param box clipped to the picture, in source pixels
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
  }

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
    const data = this.#arena.subarray(this.#used, this.#used + bytes).fill(0);
    this.#used += bytes;
    return data;
  }

  #fill(
    mask: Mask,
    grid: MaskGrid,
    firstColumn: number,
    lastColumn: number,
    firstRow: number,
    lastRow: number,
  ): void {
    const { x: left, y: top, width, height, data } = mask;
    const logits = this.#logits.values;
    const sides = this.#sides;
    const ends = this.#ends;
    const columns = lastColumn - firstColumn + 1;
    const { scale, offset } = grid.x;
    const right = left + width;
    // Left of the first prototype's centre and right of the last one's, the nearest holds.
    const startsBefore = grid.x.firstCell(firstColumn) > left;

    let upperAt = -1;
    let lowerAt = -1;
    for (let y = 0; y < height; y++) {
      const position = grid.y.scale * (top + y) + grid.y.offset;
      const below = Math.floor(position);
      const weight = position - below;
      const upper = (Math.max(firstRow, Math.min(below, lastRow)) - firstRow) * columns;
      const lower = (Math.max(firstRow, Math.min(below + 1, lastRow)) - firstRow) * columns;
      if (upper !== upperAt || lower !== lowerAt) {
        upperAt = upper;
        lowerAt = lower;
        this.#classify(upperAt, lowerAt, columns);
      }

      const base = y * width - left;
      let runStart = startsBefore && lerp(logits[upperAt]!, logits[lowerAt]!, weight) > 0 ? left : -1;
      for (let k = 0; k < columns;) {
        const column = firstColumn + k;
        const side = sides[k]!;
        if (side !== MIXED) {
          if (side === INSIDE) {
            if (runStart < 0) runStart = Math.max(left, grid.x.firstCell(column));
          } else if (runStart >= 0) {
            const to = Math.min(grid.x.firstCell(column), right);
            if (to > runStart) data.fill(1, base + runStart, base + to);
            runStart = -1;
          }
          k = ends[k]!;
          continue;
        }
        const next = Math.min(k + 1, columns - 1);
        const a = lerp(logits[upperAt + k]!, logits[lowerAt + k]!, weight);
        const b = lerp(logits[upperAt + next]!, logits[lowerAt + next]!, weight);
        k++;
        if (a > 0) {
          if (runStart < 0) runStart = Math.max(left, grid.x.firstCell(column));
          if (b >= 0) continue;
          const end = Math.ceil((column + a / (a - b) - offset) / scale);
          const to = Math.min(end, grid.x.firstCell(column + 1), right);
          if (to > runStart) data.fill(1, base + runStart, base + to);
          runStart = -1;
        } else {
          if (runStart >= 0) {
            const to = Math.min(grid.x.firstCell(column), right);
            if (to > runStart) data.fill(1, base + runStart, base + to);
            runStart = -1;
          }
          if (b <= 0) continue;
          const start = Math.floor((column + a / (a - b) - offset) / scale) + 1;
          runStart = Math.max(left, start, grid.x.firstCell(column));
        }
      }
      if (runStart >= 0 && right > runStart) data.fill(1, base + runStart, base + right);
    }
  }

  /**
   * Judges each interval between two prototypes by its four corners: where all lie on one side, so does every sample between
   * them, in all grid rows between the two prototype rows. What remains is a thin band along the contour.
   */
  #classify(upperAt: number, lowerAt: number, columns: number): void {
    const logits = this.#logits.values;
    const sides = this.#sides;
    const ends = this.#ends;
    for (let k = columns - 1; k >= 0; k--) {
      const next = Math.min(k + 1, columns - 1);
      const a = logits[upperAt + k]!;
      const b = logits[upperAt + next]!;
      const c = logits[lowerAt + k]!;
      const d = logits[lowerAt + next]!;
      const side =
        a > 0 && b > 0 && c > 0 && d > 0 ? INSIDE : a <= 0 && b <= 0 && c <= 0 && d <= 0 ? OUTSIDE : MIXED;
      sides[k] = side;
      ends[k] = k + 1 < columns && sides[k + 1] === side ? ends[k + 1]! : k + 1;
    }
  }
}

function lerp(from: number, to: number, weight: number): number {
  return from + (to - from) * weight;
}

/** The prototype at or left of a cell's centre, within the tensor. */
function protoAt(axis: { scale: number; offset: number; protos: number }, cell: number): number {
  return Math.max(0, Math.min(axis.protos - 1, Math.floor(axis.scale * cell + axis.offset)));
}
