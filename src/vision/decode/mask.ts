import { clamp } from '../../base/numbers.js';
import type { Tensor } from '../tensor/tensor.js';
import type { DecodedMask } from '../mask/decoded-mask.js';
import type { Ahead } from './ahead.js';
import type { ChannelScales } from './dequantize.js';
import type { Head } from './head-layout.js';
import type { Kernels } from '../tensor/kernels.js';
import type { GridAxis, MaskGrid } from './mask-grid.js';
import { MaskLogits, type ProtoArea } from './mask-logits.js';
import { RunFinder } from './run-finder.js';
import type { Box } from '../mask/segmentation.js';

/**
 * Builds instance masks: coefficients times prototypes inside the box, sampled bilinearly on the mask grid, inside where the
 * logit is above 0 (sigmoid above 0.5).
 *
 * Logits are never upsampled into memory, and masks stay runs of cells: a bitmap is only made on request.
 */
export class MaskBuilder {
  readonly #head: Head;
  /** Logits at the prototypes under the box, row-major. */
  readonly #logits: MaskLogits;
  readonly #runs: RunFinder;
  readonly #crop = { left: 0, top: 0, right: 0, bottom: 0 };
  readonly #area = { firstColumn: 0, lastColumn: 0, firstRow: 0, lastRow: 0 };
  readonly #aheadArea = { firstColumn: 0, lastColumn: 0, firstRow: 0, lastRow: 0 };

  constructor(proto: Head, scales: ChannelScales | undefined, kernels?: Kernels) {
    this.#head = proto;
    this.#logits = new MaskLogits(proto, scales, kernels);
    this.#runs = new RunFinder(kernels);
  }

  /** Discards the masks of the previous frame; their memory is reused. */
  begin(): void {
    this.#runs.clear();
  }

  /**
   * Fills `mask` for one instance; its contents are valid until the next begin().
   *
   * @param coefficients K real numbers, all finite
   * @param box clipped to the picture, in pixels of the source, which may be a part of the picture
   * @param first channel of the tensor that is the first of its prototypes
   */
  build(
    proto: Tensor,
    coefficients: Float32Array,
    box: Box,
    grid: MaskGrid,
    mask: DecodedMask,
    first: number,
  ): void {
    if (!this.#measure(box, grid)) {
      mask.clear();
      return;
    }
    this.#logits.combine(proto, coefficients, this.#area, first);
    const { left, top, right, bottom } = this.#crop;
    const runs = this.#runs.find(this.#crop, grid, this.#area, this.#logits.values);
    mask.set(left + grid.x.first, top + grid.y.first, right - left, bottom - top, runs);
  }

  /**
   * Like build(), from sums that an engine has computed in advance.
   *
   * @returns false if it has none, or not all that are needed
   */
  buildAhead(ahead: Ahead, instance: number, box: Box, grid: MaskGrid, mask: DecodedMask): boolean {
    if (!this.#measure(box, grid)) {
      mask.clear();
      return true;
    }
    const needed: ProtoArea = this.#area;
    const area = this.#aheadArea;
    const from = ahead.area(instance, area);
    const has =
      from >= 0 &&
      area.firstColumn <= needed.firstColumn &&
      area.lastColumn >= needed.lastColumn &&
      area.firstRow <= needed.firstRow &&
      area.lastRow >= needed.lastRow;
    if (!has) return false;
    const size = (area.lastColumn - area.firstColumn + 1) * (area.lastRow - area.firstRow + 1);
    const { left, top, right, bottom } = this.#crop;
    // A larger area has the same surface within the crop.
    const runs = this.#runs.find(this.#crop, grid, area, ahead.sums(from, size));
    mask.set(left + grid.x.first, top + grid.y.first, right - left, bottom - top, runs);
    return true;
  }

  /** Finds the crop of a box, and the prototypes around it. @returns false if it contains no cell */
  #measure(box: Box, grid: MaskGrid): boolean {
    const crop = this.#crop;
    const { x, y } = grid;
    crop.left = x.firstWithin(box.x1);
    crop.right = Math.max(crop.left, x.firstWithin(box.x2));
    crop.top = y.firstWithin(box.y1);
    crop.bottom = Math.max(crop.top, y.firstWithin(box.y2));
    if (crop.left === crop.right || crop.top === crop.bottom) return false;
    const area: { -readonly [key in keyof ProtoArea]: number } = this.#area;
    area.firstColumn = protoAt(x, crop.left);
    area.lastColumn = Math.min(protoAt(x, crop.right - 1) + 1, this.#head.width - 1);
    area.firstRow = protoAt(y, crop.top);
    area.lastRow = Math.min(protoAt(y, crop.bottom - 1) + 1, this.#head.height - 1);
    return true;
  }
}

/** The prototype at or left of a cell's center, within the tensor. */
function protoAt(axis: GridAxis, cell: number): number {
  return clamp(Math.floor(axis.scale * cell + axis.offset), 0, axis.protos - 1);
}
