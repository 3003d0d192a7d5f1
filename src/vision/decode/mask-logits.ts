import type { Tensor, TensorData } from '../tensor/tensor.js';
import type { ChannelScales } from './dequantize.js';
import type { Head } from './head-layout.js';

/** Prototypes that one pass over a row combines: as many factors as the registers of a CPU hold. */
const PER_PASS = 8;

/** Combines the prototypes under a box to mask logits: for each cell the sum of coefficients times prototypes. */
export class MaskLogits {
  /** Row-major; those of the last combine(). */
  values = new Float32Array(0);
  readonly #head: Head;
  readonly #scales: ChannelScales | undefined;
  /** Coefficients with the scales of a quantized prototype tensor multiplied in. */
  readonly #factors: Float64Array;

  constructor(proto: Head, scales: ChannelScales | undefined) {
    this.#head = proto;
    this.#scales = scales;
    this.#factors = new Float64Array(proto.channels);
  }

  /**
   * @param coefficients one finite number for each prototype
   * @param firstColumn, lastColumn, firstRow, lastRow prototype cells, inclusive
   */
  combine(
    proto: Tensor,
    coefficients: Float32Array,
    firstColumn: number,
    lastColumn: number,
    firstRow: number,
    lastRow: number,
  ): void {
    const { data } = proto;
    const { strideX, strideY, strideC, channels } = this.#head;
    const columns = lastColumn - firstColumn + 1;
    const size = columns * (lastRow - firstRow + 1);
    if (this.values.length < size) this.values = new Float32Array(Math.max(size, 2 * this.values.length));
    const factors = this.#factors;
    const values = this.values.fill(this.#prepare(coefficients), 0, size);

    // Row by row, so that the second pass finds the row in the cache.
    let at = 0;
    for (let y = firstRow; y <= lastRow; y++, at += columns) {
      const row = y * strideY + firstColumn * strideX;
      let k = 0;
      for (; k + PER_PASS <= channels; k += PER_PASS) {
        addEight(values, at, columns, factors, k, data, row + k * strideC, strideX, strideC);
      }
      for (; k < channels; k++) addOne(values, at, columns, factors[k]!, data, row + k * strideC, strideX);
    }
    // NaN and infinities of a broken tensor count as outside, and do not spread to their neighbors.
    for (let i = 0; i < size; i++) if (values[i]! - values[i]! !== 0) values[i] = -1;
  }

  /** x = (q - zero) * scale for each channel: the scale goes into the factor, the zero points into one sum, the result. */
  #prepare(coefficients: Float32Array): number {
    const factors = this.#factors;
    const { scale, zero } = this.#scales ?? {};
    let bias = 0;
    for (let k = 0; k < factors.length; k++) {
      const factor = coefficients[k]! * (scale?.[k] ?? 1);
      factors[k] = factor;
      bias -= factor * (zero?.[k] ?? 0);
    }
    return bias;
  }
}

/** Adds eight prototypes to `columns` sums from `at` on; `from` is the first cell's first of the eight channels. */
function addEight(
  sums: Float32Array,
  at: number,
  columns: number,
  factors: Float64Array,
  k: number,
  data: TensorData,
  from: number,
  strideX: number,
  strideC: number,
): void {
  const f0 = factors[k]!;
  const f1 = factors[k + 1]!;
  const f2 = factors[k + 2]!;
  const f3 = factors[k + 3]!;
  const f4 = factors[k + 4]!;
  const f5 = factors[k + 5]!;
  const f6 = factors[k + 6]!;
  const f7 = factors[k + 7]!;
  const end = at + columns;
  for (let i = at, p = from; i < end; i++, p += strideX) {
    // Pairs, so that additions need not wait for each other.
    sums[i]! +=
      f0 * data[p]! +
      f1 * data[p + strideC]! +
      (f2 * data[p + 2 * strideC]! + f3 * data[p + 3 * strideC]!) +
      (f4 * data[p + 4 * strideC]! +
        f5 * data[p + 5 * strideC]! +
        (f6 * data[p + 6 * strideC]! + f7 * data[p + 7 * strideC]!));
  }
}

function addOne(
  sums: Float32Array,
  at: number,
  columns: number,
  factor: number,
  data: TensorData,
  from: number,
  strideX: number,
): void {
  const end = at + columns;
  for (let i = at, p = from; i < end; i++, p += strideX) sums[i]! += factor * data[p]!;
}
