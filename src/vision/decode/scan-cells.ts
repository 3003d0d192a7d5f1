import type { Tensor, TensorData } from '../tensor/tensor.js';
import type { ChannelScales } from './dequantize.js';
import { cellOffset, type Head } from './head-layout.js';
import { type Candidates, type Scanner, storedLimit } from './scan.js';
import { Search } from './search.js';

/**
 * For scores that are contiguous for each cell.
 *
 * Very few cells have a score that reaches even the lowest threshold: a Search skips the others, and only the cells where it
 * stops are examined class by class.
 */
export class CellScanner implements Scanner {
  readonly #head: Head;
  readonly #scales: ChannelScales | undefined;
  readonly #level: number;
  readonly #search: Search | undefined;
  /** Limits of the channels in stored units, if each has its own scale. */
  readonly #limits: Int32Array | undefined;
  /** Number of cells without gaps between them: the whole level, a row, or one. */
  readonly #together: number;

  /** @param level index of the level in the layout */
  constructor(head: Head, scales: ChannelScales | undefined, level: number) {
    const { info, width, height, channels, strideY, strideX, strideC } = head;
    this.#head = head;
    this.#scales = scales;
    this.#level = level;
    const single = scales === undefined || scales.uniform;
    this.#limits = single ? undefined : new Int32Array(channels);
    // With a scale of 0 or less, a limit cannot be expressed in stored units.
    const limited = single || (info.type !== 'float32' && scales.scale.every((scale) => scale > 0));
    this.#search = strideC === 1 && limited ? new Search() : undefined;
    if (strideX !== channels) this.#together = 1;
    else this.#together = strideY === width * channels ? width * height : width;
  }

  scan(tensor: Tensor, classLimits: Float64Array, lowestLimit: number, found: Candidates): void {
    // The threshold is 1, or no class is reported.
    if (lowestLimit === Infinity) return;
    const { data } = tensor;
    const { width, height, channels } = this.#head;
    const cells = width * height;
    const search = this.#search;
    if (search === undefined) {
      for (let cell = 0; cell < cells; cell++) {
        this.#offer(data, cellOffset(this.#head, cell), cell, classLimits, found);
      }
      return;
    }
    this.#prepare(search, data, lowestLimit);
    const together = this.#together;
    for (let cell = 0; cell < cells; cell += together) {
      const start = cellOffset(this.#head, cell);
      const end = start + together * channels;
      for (let at = search.firstAbove(start, end); at < end;) {
        const passed = Math.floor((at - start) / channels);
        const cellStart = start + passed * channels;
        this.#offer(data, cellStart, cell + passed, classLimits, found);
        at = search.firstAbove(cellStart + channels, end);
      }
    }
  }

  #prepare(search: Search, data: TensorData, lowestLimit: number): void {
    const limits = this.#limits;
    if (limits) {
      const { scale, zero } = this.#scales!;
      for (let c = 0; c < limits.length; c++) {
        const limit = Math.floor(storedLimit(lowestLimit, scale[c], zero[c]));
        limits[c] = Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, limit)); // Int32Array would wrap around
      }
      search.inChannels(data, limits);
      return;
    }
    search.above(data, storedLimit(lowestLimit, this.#scales?.scale[0], this.#scales?.zero[0]));
  }

  /** Offers a cell with its best class. NaN fails every comparison, so it is never the best. */
  #offer(data: TensorData, start: number, cell: number, classLimits: Float64Array, found: Candidates): void {
    const { channels, strideC } = this.#head;
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
    if (bestClass >= 0) found.offer(best, bestClass, classLimits, this.#level, cell);
  }
}
