import type { Tensor } from '../tensor/tensor.js';
import type { ChannelScales } from './dequantize.js';
import type { Head } from './head-layout.js';
import type { HeadBlock, Kernels } from '../tensor/kernels.js';
import { headBlock } from './head-block.js';
import type { Candidates, Scanner } from './scan.js';

/** Scans a level with a kernel, which replaces CellScanner and PlaneScanner. */
export class KernelScanner implements Scanner {
  readonly #kernels: Kernels;
  readonly #block: HeadBlock;
  readonly #level: number;

  constructor(kernels: Kernels, head: Head, scales: ChannelScales | undefined, level: number) {
    this.#kernels = kernels;
    this.#block = headBlock(head, scales);
    this.#level = level;
  }

  scan({ data }: Tensor, classLimits: Float64Array, lowestLimit: number, found: Candidates): void {
    const { score, classId, cell, count } = found;
    found.count = this.#kernels.scan(
      data,
      this.#block,
      classLimits,
      lowestLimit,
      score,
      classId,
      cell,
      count,
    );
    found.level.fill(this.#level, count, found.count);
  }
}
