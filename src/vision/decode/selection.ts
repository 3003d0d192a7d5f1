import type { Tensor } from '../tensor/tensor.js';
import type { Kernels } from '../tensor/kernels.js';
import { CandidateBoxes, LevelBoxes } from './box.js';
import type { HeadLayout } from './head-layout.js';
import { NonMaximumSuppression } from './nms.js';
import type { DecodeSettings } from './options.js';
import { Candidates, type Scanner } from './scan.js';
import { scannerFor } from './scanner.js';

/** The instances of a frame, best first, before they are mapped to the picture. */
export interface Selection {
  readonly count: number;
  classId(instance: number): number;
  /** Index of its level in the layout, and its cell there. */
  level(instance: number): number;
  cell(instance: number): number;
  /** In the model's units: a logit for heads, else a probability. */
  score(instance: number): number;
  /** A corner of its box in model pixels: 0 to 3 for x1, y1, x2, y2. */
  corner(instance: number, side: 0 | 1 | 2 | 3): number;
}

/** Finds the instances of a frame: searches the class values, decodes boxes, drops those that overlap. */
export class Finder implements Selection {
  count = 0;
  readonly #layout: HeadLayout;
  readonly #scanners: readonly Scanner[];
  readonly #levelBoxes: readonly LevelBoxes[];
  readonly #candidates: Candidates;
  readonly #boxes: CandidateBoxes;
  readonly #valid: Uint8Array;
  readonly #nms: NonMaximumSuppression;

  /** @param onUnknown called with the class number of a row selected by the network, if it is not the number of a class */
  constructor(layout: HeadLayout, onUnknown: (classId: number) => void, kernels?: Kernels) {
    this.#layout = layout;
    this.#scanners = layout.levels.map((_, index) => scannerFor(layout, index, onUnknown, kernels));
    this.#levelBoxes = layout.levels.map((level) => new LevelBoxes(layout, level, kernels));
    const cells = layout.levels.reduce((sum, { class: head }) => sum + head.width * head.height, 0);
    this.#candidates = new Candidates(cells);
    this.#boxes = new CandidateBoxes(cells);
    this.#valid = new Uint8Array(cells);
    this.#nms = new NonMaximumSuppression(cells, kernels);
  }

  /** The results are valid until the next call. */
  find(tensors: readonly Tensor[], settings: DecodeSettings): void {
    const { classLimits, lowestLimit, iou, maxDetections } = settings;
    const { levels } = this.#layout;
    const candidates = this.#candidates;
    candidates.count = 0;
    for (let index = 0; index < levels.length; index++) {
      const level = levels[index]!;
      const from = candidates.count;
      this.#scanners[index]!.scan(tensors[level.class.output]!, classLimits, lowestLimit, candidates);
      const { cell, count } = candidates;
      this.#levelBoxes[index]!.decode(
        tensors[level.box.output]!,
        cell,
        from,
        count,
        this.#boxes,
        this.#valid,
      );
    }
    this.count = this.#nms.run(candidates, this.#boxes, this.#valid, iou, maxDetections);
  }

  classId(instance: number): number {
    return this.#candidates.classId[this.#nms.kept[instance]!]!;
  }

  level(instance: number): number {
    return this.#candidates.level[this.#nms.kept[instance]!]!;
  }

  cell(instance: number): number {
    return this.#candidates.cell[this.#nms.kept[instance]!]!;
  }

  score(instance: number): number {
    return this.#candidates.score[this.#nms.kept[instance]!]!;
  }

  corner(instance: number, side: 0 | 1 | 2 | 3): number {
    const { x1, y1, x2, y2 } = this.#boxes;
    const values = side === 0 ? x1 : side === 1 ? y1 : side === 2 ? x2 : y2;
    return values[this.#nms.kept[instance]!]!;
  }
}
