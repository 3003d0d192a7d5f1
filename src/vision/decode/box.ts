import type { Tensor } from '../tensor/tensor.js';
import { type ChannelScales, channelScales, readChannels } from './dequantize.js';
import type { HeadBlock, Kernels } from '../tensor/kernels.js';
import { headBlock } from './head-block.js';
import { softExp } from './soft-exp.js';
import { cellOffset, type HeadLayout, type Level } from './head-layout.js';

/** Boxes of the candidates in model pixels, as parallel arrays. */
export class CandidateBoxes {
  readonly x1: Float32Array;
  readonly y1: Float32Array;
  readonly x2: Float32Array;
  readonly y2: Float32Array;

  constructor(capacity: number) {
    this.x1 = new Float32Array(capacity);
    this.y1 = new Float32Array(capacity);
    this.x2 = new Float32Array(capacity);
    this.y2 = new Float32Array(capacity);
  }

  /** @returns whether it is a box: finite, its sides positive */
  set(i: number, x1: number, y1: number, x2: number, y2: number): boolean {
    this.x1[i] = x1;
    this.y1[i] = y1;
    this.x2[i] = x2;
    this.y2[i] = y2;
    // Differences of finite numbers: NaN fails both comparisons, an infinite side the second.
    const width = x2 - x1;
    const height = y2 - y1;
    return width > 0 && height > 0 && width < Infinity && height < Infinity;
  }
}

/** Turns the box head of one cell into corners, in model pixels. */
export interface BoxDecoder {
  /**
   * Writes the corners of a cell to entry `i` of `boxes`.
   *
   * @param cell counts row by row
   * @returns false if the numbers do not form a box: NaN, infinities, or a side that is not positive
   */
  decode(
    tensor: Tensor,
    level: Level,
    scales: ChannelScales | undefined,
    cell: number,
    boxes: CandidateBoxes,
    i: number,
  ): boolean;
}

/** Maximum number of DFL bins that kernels support. */
const MOST_BINS = 64;

/** Decodes the boxes of all candidates of a level. */
export class LevelBoxes {
  readonly #level: Level;
  readonly #scales: ChannelScales | undefined;
  readonly #decoder: BoxDecoder;
  readonly #bins: number;
  readonly #kernels: Kernels | undefined;
  readonly #block: HeadBlock;

  constructor(layout: HeadLayout, level: Level, kernels?: Kernels) {
    this.#level = level;
    this.#scales = channelScales(level.box);
    this.#decoder = boxDecoder(layout);
    this.#bins = layout.regMax;
    this.#kernels = layout.form === 'heads' && layout.regMax <= MOST_BINS ? kernels : undefined;
    this.#block = headBlock(level.box, this.#scales);
  }

  /** @param valid gets 0 for candidates of [from, to) without a valid box, else 1 */
  decode(
    tensor: Tensor,
    cells: Int32Array,
    from: number,
    to: number,
    boxes: CandidateBoxes,
    valid: Uint8Array,
  ): void {
    if (this.#kernels) {
      const { stride } = this.#level;
      this.#kernels.boxes(tensor.data, this.#block, stride, this.#bins, cells, from, to, boxes, valid);
      return;
    }
    for (let i = from; i < to; i++) {
      valid[i] = this.#decoder.decode(tensor, this.#level, this.#scales, cells[i]!, boxes, i) ? 1 : 0;
    }
  }
}

export function boxDecoder({ form, regMax, inputWidth, inputHeight }: HeadLayout): BoxDecoder {
  if (form === 'heads') return new DistanceBoxes(regMax);
  if (form === 'queries') return new WholeBoxes(true, inputWidth, inputHeight);
  return new WholeBoxes(form === 'detections');
}

/**
 * Boxes as distances from the cell's center.
 *
 * Each of the distances left, top, right, bottom is the expectation of a softmax over `regMax` bins
 * (distribution focal loss, Li et al. 2020), or the plain number where regMax is 1, in units of the level's stride, from the
 * cell's center: x1 = (x + 0.5 - left) * stride, and so on (Ultralytics' dist2bbox).
 */
class DistanceBoxes implements BoxDecoder {
  readonly #values: Float32Array;

  constructor(readonly regMax: number) {
    this.#values = new Float32Array(4 * regMax);
  }

  decode(
    tensor: Tensor,
    level: Level,
    scales: ChannelScales | undefined,
    cell: number,
    boxes: CandidateBoxes,
    i: number,
  ): boolean {
    const { box: head, stride } = level;
    readChannels(tensor, head, scales, cellOffset(head, cell), this.#values);
    const y = Math.floor(cell / head.width);
    const x = cell - y * head.width;
    const x1 = (x + 0.5 - this.#distance(0)) * stride;
    const y1 = (y + 0.5 - this.#distance(1)) * stride;
    const x2 = (x + 0.5 + this.#distance(2)) * stride;
    const y2 = (y + 0.5 + this.#distance(3)) * stride;
    return boxes.set(i, x1, y1, x2, y2);
  }

  #distance(side: number): number {
    const { regMax } = this;
    const values = this.#values;
    const start = side * regMax;
    if (regMax === 1) return values[start]!;
    let largest = values[start]!;
    for (let k = 1; k < regMax; k++) largest = Math.max(largest, values[start + k]!);
    let sum = 0;
    let weighted = 0;
    for (let k = 0; k < regMax; k++) {
      const weight = softExp(values[start + k]! - largest);
      sum += weight;
      weighted += k * weight;
    }
    return weighted / sum;
  }
}

/** Boxes that the network decoded: center and size, or corners, in units that many model pixels are. */
class WholeBoxes implements BoxDecoder {
  readonly #values = new Float32Array(4);

  constructor(
    private readonly centers: boolean,
    private readonly unitX = 1,
    private readonly unitY = 1,
  ) {}

  decode(
    tensor: Tensor,
    { box: head }: Level,
    scales: ChannelScales | undefined,
    cell: number,
    boxes: CandidateBoxes,
    i: number,
  ): boolean {
    readChannels(tensor, head, scales, cellOffset(head, cell), this.#values);
    // By index: destructuring would create an iterator for each candidate.
    const values = this.#values;
    const a = values[0]! * this.unitX;
    const b = values[1]! * this.unitY;
    const c = values[2]! * this.unitX;
    const d = values[3]! * this.unitY;
    if (!this.centers) return boxes.set(i, a, b, c, d);
    return boxes.set(i, a - c / 2, b - d / 2, a + c / 2, b + d / 2);
  }
}
