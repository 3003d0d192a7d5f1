import type { Tensor } from '../engine/tensor.js';
import type { ChannelScales } from './dequantize.js';
import type { Head } from './heads.js';

/** Cells whose best class reaches its threshold, as parallel arrays that are filled anew for each frame. */
export class Candidates {
  count = 0;
  readonly logit: Float32Array;
  readonly classId: Uint16Array;
  readonly level: Uint8Array;
  readonly cellX: Uint16Array;
  readonly cellY: Uint16Array;

  /** @param capacity number of cells of all levels together */
  constructor(capacity: number) {
    this.logit = new Float32Array(capacity);
    this.classId = new Uint16Array(capacity);
    this.level = new Uint8Array(capacity);
    this.cellX = new Uint16Array(capacity);
    this.cellY = new Uint16Array(capacity);
  }

  /** Adds a cell unless its best class is not wanted or not certain enough. Infinite logits come from broken tensors. */
  offer(
    logit: number,
    classId: number,
    classLogits: Float64Array,
    level: number,
    x: number,
    y: number,
  ): void {
    if (!(logit >= classLogits[classId]!) || logit === Infinity) return;
    const i = this.count++;
    this.logit[i] = logit;
    this.classId[i] = classId;
    this.level[i] = level;
    this.cellX[i] = x;
    this.cellY[i] = y;
  }
}

/**
 * Looks at every class logit once: the part of decoding whose cost does not depend on what is in the picture.
 *
 * A cell's class is the one with the largest logit, the first of equals. Comparing with the lowest threshold from the
 * start keeps the inner loop at one comparison; NaN fails every comparison and so can never win.
 */
export function scanClasses(
  tensor: Tensor,
  head: Head,
  scales: ChannelScales | undefined,
  level: number,
  classLogits: Float64Array,
  lowestLogit: number,
  found: Candidates,
): void {
  if (scales === undefined) scanUniform(tensor, head, 1, 0, level, classLogits, lowestLogit, found);
  else if (!scales.uniform) scanByChannel(tensor, head, scales, level, classLogits, lowestLogit, found);
  else scanUniform(tensor, head, scales.scale[0]!, scales.zero[0]!, level, classLogits, lowestLogit, found);
}

/** Real numbers, or integers that share one scale: values are compared as they are stored. */
function scanUniform(
  tensor: Tensor,
  head: Head,
  scale: number,
  zero: number,
  level: number,
  classLogits: Float64Array,
  lowestLogit: number,
  found: Candidates,
): void {
  const { data } = tensor;
  const { width, height, channels, strideY, strideX, strideC } = head;
  const below = justBelow(lowestLogit / scale + zero);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const start = y * strideY + x * strideX;
      const end = start + channels * strideC;
      let best = below;
      let bestAt = -1;
      for (let i = start; i < end; i += strideC) {
        const value = data[i]!;
        if (value > best) {
          best = value;
          bestAt = i;
        }
      }
      if (bestAt >= 0)
        found.offer((best - zero) * scale, (bestAt - start) / strideC, classLogits, level, x, y);
    }
  }
}

/** A scale for each class: values are compared as the numbers they stand for. */
function scanByChannel(
  tensor: Tensor,
  head: Head,
  scales: ChannelScales,
  level: number,
  classLogits: Float64Array,
  lowestLogit: number,
  found: Candidates,
): void {
  const { data } = tensor;
  const { width, height, channels, strideY, strideX, strideC } = head;
  const { scale, zero } = scales;
  const below = justBelow(lowestLogit);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const start = y * strideY + x * strideX;
      let best = below;
      let bestClass = -1;
      for (let c = 0; c < channels; c++) {
        const value = (data[start + c * strideC]! - zero[c]!) * scale[c]!;
        if (value > best) {
          best = value;
          bestClass = c;
        }
      }
      if (bestClass >= 0) found.offer(best, bestClass, classLogits, level, x, y);
    }
  }
}

/**
 * A number under the threshold by less than float32 can tell, so that `>` in the loops means "at least".
 * A threshold of +Infinity (score 1, or no class wanted) gives NaN, which nothing exceeds.
 */
function justBelow(value: number): number {
  return value - (Math.abs(value) + 1) * 1e-9;
}
