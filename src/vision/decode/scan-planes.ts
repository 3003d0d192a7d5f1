import type { Tensor } from '../tensor/tensor.js';
import type { ChannelScales } from './dequantize.js';
import type { Head } from './head-layout.js';
import { type Candidates, type Scanner, storedLimit } from './scan.js';
import { Search } from './search.js';

/**
 * For scores that are contiguous for each class: channels first, as in a stock export's own output [1, 4 + C + K, cells].
 *
 * A Search goes through one class after the other; the best class so far is kept for each cell where it stops.
 */
export class PlaneScanner implements Scanner {
  readonly #head: Head;
  readonly #scales: ChannelScales | undefined;
  readonly #level: number;
  readonly #search = new Search();
  /** By cell; -Infinity if no class reached the lowest threshold. */
  readonly #best: Float64Array;
  readonly #bestClass: Uint16Array;
  /** One bit for each cell that has an entry, to find these cells in order. */
  readonly #marks: Int32Array;

  constructor(head: Head, scales: ChannelScales | undefined, level: number) {
    this.#head = head;
    this.#scales = scales;
    this.#level = level;
    const cells = head.width * head.height;
    this.#best = new Float64Array(cells).fill(-Infinity);
    this.#bestClass = new Uint16Array(cells);
    this.#marks = new Int32Array(Math.ceil(cells / 32));
  }

  scan(tensor: Tensor, classLimits: Float64Array, lowestLimit: number, found: Candidates): void {
    if (lowestLimit === Infinity) return;
    const { data } = tensor;
    const { channels, first, strideC } = this.#head;
    const search = this.#search;
    const best = this.#best;
    for (let c = 0; c < channels; c++) {
      const scale = this.#scales?.scale[c] ?? 1;
      const zero = this.#scales?.zero[c] ?? 0;
      // Not with a scale of 0 or less, for which there is no limit.
      if (scale > 0) search.above(data, storedLimit(lowestLimit, scale, zero));
      else search.all();
      const start = (first + c) * strideC;
      const end = start + best.length;
      for (let at = search.firstAbove(start, end); at < end; at = search.firstAbove(at + 1, end)) {
        const value = (data[at]! - zero) * scale;
        const cell = at - start;
        // NaN fails.
        if (!(value > best[cell]!)) continue;
        best[cell] = value;
        this.#bestClass[cell] = c;
        this.#marks[cell >>> 5]! |= 1 << (cell & 31);
      }
    }
    this.#collect(classLimits, found);
  }

  #collect(classLimits: Float64Array, found: Candidates): void {
    const marks = this.#marks;
    const best = this.#best;
    for (let word = 0; word < marks.length; word++) {
      for (let bits = marks[word]!; bits !== 0; bits &= bits - 1) {
        const cell = 32 * word + 31 - Math.clz32(bits & -bits);
        found.offer(best[cell]!, this.#bestClass[cell]!, classLimits, this.#level, cell);
        best[cell] = -Infinity;
      }
      marks[word] = 0;
    }
  }
}
