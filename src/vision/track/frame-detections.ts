import type { Instance, Segmentation } from '../mask/segmentation.js';

/** Maximum number of detections, best first. */
const MOST_DETECTIONS = 256;

/** The instances of a frame in flat arrays, in an order independent of theirs: best score first, then by class and place. */
export class FrameDetections {
  count = 0;
  /** Index of each in the segmentation. */
  instance = new Int32Array(32);
  classId = new Int32Array(32);
  score = new Float64Array(32);
  x1 = new Float64Array(32);
  y1 = new Float64Array(32);
  x2 = new Float64Array(32);
  y2 = new Float64Array(32);
  /** 1 for those that belong to a track. */
  taken = new Uint8Array(32);

  /** @param lowest score */
  read({ instances }: Segmentation, lowest: number): void {
    const { length } = instances;
    if (this.instance.length < length) this.#grow(length);
    const order = this.instance;
    let count = 0;
    for (let i = 0; i < length; i++) {
      const instance = instances[i]!;
      // The decoder gives them in order: each is compared with the one before, rarely with more.
      if (!(instance.score >= lowest)) continue;
      let at = count++;
      for (; at > 0 && precedes(instance, instances[order[at - 1]!]!); at--) order[at] = order[at - 1]!;
      order[at] = i;
    }
    this.count = Math.min(count, MOST_DETECTIONS);
    for (let k = 0; k < this.count; k++) {
      const { classId, score, box } = instances[order[k]!]!;
      this.classId[k] = classId;
      this.score[k] = score;
      this.x1[k] = box.x1;
      this.y1[k] = box.y1;
      this.x2[k] = box.x2;
      this.y2[k] = box.y2;
      this.taken[k] = 0;
    }
  }

  #grow(length: number): void {
    const size = 2 * length;
    this.instance = new Int32Array(size);
    this.classId = new Int32Array(size);
    this.score = new Float64Array(size);
    this.x1 = new Float64Array(size);
    this.y1 = new Float64Array(size);
    this.x2 = new Float64Array(size);
    this.y2 = new Float64Array(size);
    this.taken = new Uint8Array(size);
  }
}

function precedes(a: Instance, b: Instance): boolean {
  if (a.score !== b.score) return a.score > b.score;
  if (a.classId !== b.classId) return a.classId < b.classId;
  if (a.box.x1 !== b.box.x1) return a.box.x1 < b.box.x1;
  if (a.box.y1 !== b.box.y1) return a.box.y1 < b.box.y1;
  if (a.box.x2 !== b.box.x2) return a.box.x2 < b.box.x2;
  if (a.box.y2 !== b.box.y2) return a.box.y2 < b.box.y2;
  if (a.mask.x !== b.mask.x) return a.mask.x < b.mask.x;
  return a.mask.y < b.mask.y;
}
