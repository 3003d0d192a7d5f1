import type { Tensor } from '../tensor/tensor.js';
import type { ChannelScales } from './dequantize.js';
import { cellOffset, type Head } from './head-layout.js';
import type { Candidates, Scanner } from './scan.js';

/** For instances selected by the network: a score and a class id for each of some hundred rows. */
export class InstanceScanner implements Scanner {
  readonly #head: Head;
  readonly #scales: ChannelScales | undefined;

  /** @param onUnknown called with the class number of a row that reaches the threshold but has an unknown class */
  constructor(
    head: Head,
    scales: ChannelScales | undefined,
    private readonly onUnknown: (classId: number) => void,
  ) {
    this.#head = head;
    this.#scales = scales;
  }

  /** Rows of unknown classes are left out. */
  scan({ data }: Tensor, classLimits: Float64Array, lowestLimit: number, found: Candidates): void {
    if (lowestLimit === Infinity) return;
    const { width, strideC } = this.#head;
    const { scale, zero } = this.#scales ?? {};
    for (let row = 0; row < width; row++) {
      const at = cellOffset(this.#head, row);
      const score = (data[at]! - (zero?.[0] ?? 0)) * (scale?.[0] ?? 1);
      if (!(score >= lowestLimit)) continue;
      const value = (data[at + strideC]! - (zero?.[1] ?? 0)) * (scale?.[1] ?? 1);
      const classId = Math.round(value);
      if (classId >= 0 && classId < classLimits.length) found.offer(score, classId, classLimits, 0, row);
      else if (classId >= 0 && Math.abs(value - classId) <= (scale?.[1] ?? 0) / 2 + 1e-3)
        this.onUnknown(classId);
    }
  }
}
