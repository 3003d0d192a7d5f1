import type { Tensor, TensorData } from '../tensor/tensor.js';
import type { ChannelScales } from './dequantize.js';
import type { Head } from './head-layout.js';
import type { HeadBlock, Kernels } from '../tensor/kernels.js';
import { FIRST_CHANNEL, headBlock } from './head-block.js';

const LANES = 8;
const { fround } = Math;

/** Prototype cells, inclusive. */
export interface ProtoArea {
  readonly firstColumn: number;
  readonly lastColumn: number;
  readonly firstRow: number;
  readonly lastRow: number;
}

/**
 * Combines the prototypes under a box to mask logits: for each cell the sum of coefficients times prototypes, or -1 if it is not finite.
 *
 * In float32, and in the order of vector instructions, so that kernels give the same bits. Of the products
 * p[k] = factor[k] * prototype[k], eight lanes are summed: lane[j] = p[j] + p[j + 8] + p[j + 16] + ... from left to right. Then half[j] =
 * lane[j] + lane[j + 4], and the sum is ((half[0] + half[1]) + (half[2] + half[3])) + bias.
 */
export class MaskLogits {
  /** Logits of the last combine(), row-major. */
  values = new Float32Array(0);
  readonly #head: Head;
  readonly #scales: ChannelScales | undefined;
  readonly #kernels: Kernels | undefined;
  readonly #block: HeadBlock;
  /** Coefficients with the scales of a quantized prototype tensor multiplied in. */
  readonly #factors: Float32Array;
  readonly #lanes = new Float32Array(LANES);
  readonly #area = new Int32Array(4);

  constructor(proto: Head, scales: ChannelScales | undefined, kernels?: Kernels) {
    this.#head = proto;
    this.#scales = scales;
    this.#kernels = kernels;
    this.#block = headBlock(proto, scales);
    this.#factors = new Float32Array(proto.channels);
  }

  /**
   * @param coefficients one finite number for each prototype
   * @param first channel of the tensor that is the first prototype, where it holds more than those of one mask
   */
  combine(proto: Tensor, coefficients: Float32Array, area: ProtoArea, first = 0): void {
    const { firstColumn, lastColumn, firstRow, lastRow } = area;
    const size = (lastColumn - firstColumn + 1) * (lastRow - firstRow + 1);
    if (this.values.length < size) this.values = new Float32Array(Math.max(size, 2 * this.values.length));
    const bias = this.#prepare(coefficients);
    if (this.#kernels) {
      const numbers = this.#area;
      numbers[0] = firstColumn;
      numbers[1] = lastColumn;
      numbers[2] = firstRow;
      numbers[3] = lastRow;
      this.#block.numbers[FIRST_CHANNEL] = this.#head.first + first;
      this.#kernels.combine(proto.data, this.#block, this.#factors, bias, numbers, this.values);
      return;
    }
    const { strideX, strideY, strideC } = this.#head;
    const { values } = this;
    const start = (this.#head.first + first) * strideC;
    const columns = lastColumn - firstColumn + 1;
    for (let y = firstRow, at = 0; y <= lastRow; y++) {
      let cell = start + y * strideY + firstColumn * strideX;
      for (const end = at + columns; at < end; at++, cell += strideX) {
        const sum = fround(this.#sum(proto.data, cell, strideC) + bias);
        // NaN and infinities of a broken tensor count as outside, and do not affect their neighbors.
        values[at] = sum - sum === 0 ? sum : -1;
      }
    }
  }

  /** x = (q - zero) * scale for each channel: scales are multiplied into the factors. @returns the sum of the zero points */
  #prepare(coefficients: Float32Array): number {
    const factors = this.#factors;
    const { scale, zero } = this.#scales ?? {};
    let bias = 0;
    for (let k = 0; k < factors.length; k++) {
      const factor = coefficients[k]! * (scale?.[k] ?? 1);
      factors[k] = factor;
      bias -= factor * (zero?.[k] ?? 0);
    }
    return fround(bias);
  }

  #sum(data: TensorData, cell: number, strideC: number): number {
    const factors = this.#factors;
    const lanes = this.#lanes.fill(0);
    const channels = factors.length;
    let at = cell;
    for (let k = 0; k < channels && k < LANES; k++, at += strideC)
      lanes[k] = fround(factors[k]! * fround(data[at]!));
    for (let k = LANES; k < channels; k++, at += strideC) {
      lanes[k % LANES]! += fround(factors[k]! * fround(data[at]!));
    }
    const even = fround(fround(lanes[0]! + lanes[4]!) + fround(lanes[1]! + lanes[5]!));
    const odd = fround(fround(lanes[2]! + lanes[6]!) + fround(lanes[3]! + lanes[7]!));
    return fround(even + odd);
  }
}
