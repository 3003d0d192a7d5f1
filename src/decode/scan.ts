import type { Tensor, TensorData } from '../engine/tensor.js';
import type { ChannelScales } from './dequantize.js';
import type { Head } from './heads.js';
import { Search } from './search.js';

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
 * Finds the cells of one level whose best class is certain enough: the part of decoding whose cost does not depend on what is in
 * the picture, for every class logit has to be looked at.
 *
 * A cell's class is the one with the largest logit, the first of equals. Hardly any cell has a logit that reaches even the
 * lowest threshold: where the channels of a cell lie side by side, a Search passes over the others, and only the cells it
 * stops at are looked at class by class.
 */
export class ClassScanner {
  readonly #head: Head;
  readonly #scales: ChannelScales | undefined;
  readonly #level: number;
  readonly #search: Search | undefined;
  /** Limits of the channels in stored units, where each has a scale of its own. */
  readonly #limits: Int32Array | undefined;
  /** Cells that lie one after the other without a gap: all of the level, a row, or one. */
  readonly #together: number;

  /** @param level index of the level in the layout */
  constructor(head: Head, scales: ChannelScales | undefined, level: number) {
    const { info, width, height, channels, strideY, strideX, strideC } = head;
    this.#head = head;
    this.#scales = scales;
    this.#level = level;
    const single = scales === undefined || scales.uniform;
    this.#limits = single ? undefined : new Int32Array(channels);
    // A scale of 0 or less has no limit that could be told in stored units.
    const limited = single || (info.type !== 'float32' && scales.scale.every((scale) => scale > 0));
    this.#search = strideC === 1 && limited ? new Search() : undefined;
    if (strideX !== channels) this.#together = 1;
    else this.#together = strideY === width * channels ? width * height : width;
  }

  /**
   * Adds the cells to `found`, row by row.
   *
   * @param classLogits least logit of each class
   * @param lowestLogit the least of them
   */
  scan(tensor: Tensor, classLogits: Float64Array, lowestLogit: number, found: Candidates): void {
    // Score 1, or no class is wanted.
    if (lowestLogit === Infinity) return;
    const { data } = tensor;
    const { width, height, channels, strideY, strideX } = this.#head;
    const cells = width * height;
    const search = this.#search;
    if (search === undefined) {
      for (let cell = 0; cell < cells; cell++) {
        const y = Math.floor(cell / width);
        this.#offer(data, y * strideY + (cell - y * width) * strideX, cell, classLogits, found);
      }
      return;
    }
    this.#prepare(search, data, lowestLogit);
    const together = this.#together;
    for (let cell = 0; cell < cells; cell += together) {
      const y = Math.floor(cell / width);
      const start = y * strideY + (cell - y * width) * strideX;
      const end = start + together * channels;
      for (let at = search.firstAbove(start, end); at < end;) {
        const passed = Math.floor((at - start) / channels);
        const cellStart = start + passed * channels;
        this.#offer(data, cellStart, cell + passed, classLogits, found);
        at = search.firstAbove(cellStart + channels, end);
      }
    }
  }

  #prepare(search: Search, data: TensorData, lowestLogit: number): void {
    const limits = this.#limits;
    const { scale, zero } = this.#scales ?? REAL;
    if (limits) {
      for (let c = 0; c < limits.length; c++) {
        const limit = Math.floor(justBelow(lowestLogit / scale[c]! + zero[c]!));
        limits[c] = Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, limit)); // Int32Array would wrap around
      }
      search.inChannels(data, limits);
      return;
    }
    const limit = justBelow(lowestLogit / scale[0]! + zero[0]!);
    if (data instanceof Float32Array) search.inFloats(data, limit);
    else search.inIntegers(data, limit);
  }

  /** Offers a cell with its best class. NaN fails every comparison and so can never win. */
  #offer(data: TensorData, start: number, cell: number, classLogits: Float64Array, found: Candidates): void {
    const { width, channels, strideC } = this.#head;
    const scales = this.#scales;
    let best = -Infinity;
    let bestClass = -1;
    for (let c = 0; c < channels; c++) {
      let value = data[start + c * strideC]!;
      if (scales) value = (value - scales.zero[c]!) * scales.scale[c]!;
      if (value > best) {
        best = value;
        bestClass = c;
      }
    }
    if (bestClass < 0) return;
    const y = Math.floor(cell / width);
    found.offer(best, bestClass, classLogits, this.#level, cell - y * width, y);
  }
}

/** Values that are real numbers already. */
const REAL: Pick<ChannelScales, 'scale' | 'zero'> = {
  scale: new Float64Array([1]),
  zero: new Float64Array(1),
};

/** A number under the threshold by less than float32 can tell, so that "above" it means "at least" the threshold. */
function justBelow(value: number): number {
  return value - (Math.abs(value) + 1) * 1e-9;
}
