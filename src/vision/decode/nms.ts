import type { Kernels } from '../tensor/kernels.js';
import type { CandidateBoxes } from './box.js';
import type { Candidates } from './scan.js';

/**
 * Class-wise non-maximum suppression: visits candidates best first and drops each whose IoU with a kept one of its own class is
 * above the threshold. Candidates of equal scores are visited in the order of their cells, so the result does not depend on the sort.
 */
export class NonMaximumSuppression {
  /** Indices of kept candidates, best first; only the entries that run() returned are valid. */
  readonly kept: Int32Array;
  readonly #order: Int32Array;
  readonly #kernels: Kernels | undefined;

  /** @param kernels a faster form; same results */
  constructor(capacity: number, kernels?: Kernels) {
    this.kept = new Int32Array(capacity);
    this.#order = new Int32Array(kernels ? 0 : capacity);
    this.#kernels = kernels;
  }

  /**
   * @param iou 1 for no suppression: all are kept, best first
   * @param valid candidates [0, count) whose entry is 0 are skipped
   * @returns the number of valid entries of `kept`
   */
  run(
    candidates: Candidates,
    boxes: CandidateBoxes,
    valid: Uint8Array,
    iou: number,
    maxDetections: number,
  ): number {
    const order = this.#order;
    const kept = this.kept;
    if (this.#kernels) {
      const { score, classId, count } = candidates;
      return this.#kernels.suppress(score, classId, boxes, valid, count, iou, maxDetections, kept);
    }
    let length = 0;
    for (let i = 0; i < candidates.count; i++) if (valid[i] !== 0) order[length++] = i;
    const queue = new ScoreHeap(order, length, candidates.score);

    let count = 0;
    const limit = Math.min(maxDetections, kept.length);
    for (let next = queue.take(); next >= 0 && count < limit; next = queue.take()) {
      const classId = candidates.classId[next];
      let suppressed = false;
      // No overlap is above 1, so nothing has to be compared.
      for (let k = 0; k < count && !suppressed && iou < 1; k++) {
        const better = kept[k]!;
        suppressed = candidates.classId[better] === classId && overlap(boxes, better, next) > iou;
      }
      if (!suppressed) kept[count++] = next;
    }
    return count;
  }
}

/** Intersection over union of two boxes with positive sides. */
function overlap(boxes: CandidateBoxes, a: number, b: number): number {
  const { x1, y1, x2, y2 } = boxes;
  const width = Math.min(x2[a]!, x2[b]!) - Math.max(x1[a]!, x1[b]!);
  const height = Math.min(y2[a]!, y2[b]!) - Math.max(y1[a]!, y1[b]!);
  if (width <= 0 || height <= 0) return 0;
  const intersection = width * height;
  const areaA = (x2[a]! - x1[a]!) * (y2[a]! - y1[a]!);
  const areaB = (x2[b]! - x1[b]!) * (y2[b]! - y1[b]!);
  return intersection / (areaA + areaB - intersection);
}

/**
 * A binary max-heap over an array of candidate indices, in place. NMS often stops long before the last candidate, and
 * a heap only sorts candidates that are taken; TypedArray.sort with a comparator would allocate on every frame.
 */
class ScoreHeap {
  constructor(
    private readonly items: Int32Array,
    private length: number,
    private readonly scores: Float32Array,
  ) {
    for (let i = (length >> 1) - 1; i >= 0; i--) this.#sink(i);
  }

  /** Removes and returns the best, or -1 if there is none left. */
  take(): number {
    if (this.length === 0) return -1;
    const best = this.items[0]!;
    this.items[0] = this.items[--this.length]!;
    this.#sink(0);
    return best;
  }

  #precedes(a: number, b: number): boolean {
    const first = this.scores[a]!;
    const second = this.scores[b]!;
    return first > second || (first === second && a < b);
  }

  #sink(at: number): void {
    const { items, length } = this;
    let i = at;
    for (;;) {
      let best = i;
      const left = 2 * i + 1;
      if (left < length && this.#precedes(items[left]!, items[best]!)) best = left;
      if (left + 1 < length && this.#precedes(items[left + 1]!, items[best]!)) best = left + 1;
      if (best === i) return;
      const item = items[i]!;
      items[i] = items[best]!;
      items[best] = item;
      i = best;
    }
  }
}
