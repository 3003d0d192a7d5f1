import type { Box, Segmentation } from '../mask/segmentation.js';
import { Assignment } from '../track/assignment.js';
import { boxArea, boxIntersection } from './overlap.js';

/** An object that is really in a frame, with the number that it has in all frames. */
export interface TrackTruth {
  readonly trackId: number;
  readonly classId: number;
  readonly box: Box;
  /** Neither to be found nor wrong to find: too little of it is visible. */
  readonly ignore?: boolean | undefined;
}

/** How well tracks keep to objects; shares from 0 to 1, NaN where there was nothing. */
export interface TrackQuality {
  readonly frames: number;
  /** Objects and reported instances with an id, over all frames. */
  readonly objects: number;
  readonly reported: number;
  /** Ristani et al. 2016: the share of right identities, under the best one to one match of ids for the whole sequence. */
  readonly idf1: number;
  /** Luiten et al. 2021: detection and association weighted alike, over IoU 0.05, 0.10 .. 0.95. */
  readonly hota: number;
  readonly detA: number;
  readonly assA: number;
  /** Times that an object was reported with another id than before (CLEAR MOT). */
  readonly switches: number;
}

/** IoU at which an instance is that object, for IDF1 and switches, as in TrackEval. */
const SAME = 0.5;
/** HOTA's thresholds. */
const ALPHAS = Array.from({ length: 19 }, (_, i) => 0.05 * (i + 1));
const EPSILON = Number.EPSILON;

/** What is kept of a frame: which ids were there, and IoU of each object with each instance. */
interface Frame {
  readonly objects: Int32Array;
  readonly instances: Int32Array;
  /** objects.length * instances.length */
  readonly iou: Float64Array;
}

/**
 * IDF1, HOTA and id switches of a sequence, by the definitions of TrackEval (Luiten and Hoffhues; metrics/identity.py, hota.py,
 * clear.py) with boxes. An object and an instance of another class have no overlap. Instances without an id are no part of tracks
 * and not counted. Instances that are best matched with an object to be ignored are left out, as for MOTChallenge's distractors.
 *
 * @example
 * const metrics = new TrackMetrics();
 * for (const frame of frames) metrics.add(frame.tracked, frame.truth);
 * console.log(metrics.evaluate().idf1);
 */
export class TrackMetrics {
  readonly #frames: Frame[] = [];
  /** Numbers 0, 1, 2 ... of ids in the order of their appearance. */
  readonly #objectNumbers = new Map<number, number>();
  readonly #instanceNumbers = new Map<number, number>();
  readonly #assignment = new Assignment();

  /** Takes a copy of what it needs. */
  add({ instances: found }: Pick<Segmentation, 'instances'>, truth: readonly TrackTruth[]): void {
    const tracked = found.filter(({ trackId }) => (trackId ?? 0) !== 0);
    const all = tracked.map((instance) => truth.map((object) => overlap(object, instance)));
    const ignored = this.#ignored(all, truth);
    const instances = tracked.filter((_, i) => !ignored[i]);
    const rows = all.filter((_, i) => !ignored[i]);
    const objects = truth.filter(({ ignore }) => !ignore);
    const iou = new Float64Array(objects.length * instances.length);
    let at = 0;
    truth.forEach(({ ignore }, o) => {
      if (ignore) return;
      for (const row of rows) iou[at++] = row[o]!;
    });
    this.#frames.push({
      objects: Int32Array.from(objects, ({ trackId }) => numberOf(trackId, this.#objectNumbers)),
      instances: Int32Array.from(instances, ({ trackId }) => numberOf(trackId!, this.#instanceNumbers)),
      iou,
    });
  }

  /** Which instances are those of objects to be ignored, under the best match of all. */
  #ignored(iou: readonly number[][], truth: readonly TrackTruth[]): boolean[] {
    if (!truth.some(({ ignore }) => ignore)) return iou.map(() => false);
    const values = Float64Array.from(iou.flatMap((row) => row.map((value) => (value >= SAME ? value : 0))));
    this.#assignment.solve(values, iou.length, truth.length);
    return iou.map((_, i) => truth[this.#assignment.rows[i]!]?.ignore ?? false);
  }

  /** The quality of everything added so far. */
  evaluate(): TrackQuality {
    const objects = this.#frames.reduce((sum, frame) => sum + frame.objects.length, 0);
    const reported = this.#frames.reduce((sum, frame) => sum + frame.instances.length, 0);
    return {
      frames: this.#frames.length,
      objects,
      reported,
      idf1: (2 * this.#identityHits()) / (objects + reported),
      ...this.#hota(objects, reported),
      switches: this.#switches(),
    };
  }

  /** Frames in which an object has the id that it is given for the whole sequence (IDTP). */
  #identityHits(): number {
    const rows = this.#objectNumbers.size;
    const columns = this.#instanceNumbers.size;
    const together = new Float64Array(rows * columns);
    this.#eachPair((object, instance, iou) => {
      if (iou >= SAME) together[object * columns + instance]!++;
    });
    // Costs of a pair are FN + FP = n + m - 2 * together, of two without a partner n + m: the least cost has the most together.
    this.#assignment.solve(together, rows, columns);
    let hits = 0;
    for (let row = 0; row < rows; row++) {
      const column = this.#assignment.rows[row]!;
      if (column >= 0) hits += together[row * columns + column]!;
    }
    return hits;
  }

  #hota(objects: number, reported: number): { hota: number; detA: number; assA: number } {
    const columns = this.#instanceNumbers.size;
    const objectFrames = new Float64Array(this.#objectNumbers.size);
    const instanceFrames = new Float64Array(columns);
    const alignment = new Float64Array(objectFrames.length * columns);
    for (const frame of this.#frames) {
      for (const object of frame.objects) objectFrames[object]!++;
      for (const instance of frame.instances) instanceFrames[instance]!++;
      const n = frame.instances.length;
      const byObject = sums(frame, (o, i) => o * n + i, frame.objects.length, n);
      const byInstance = sums(frame, (i, o) => o * n + i, n, frame.objects.length);
      frame.objects.forEach((object, o) =>
        frame.instances.forEach((instance, i) => {
          const iou = frame.iou[o * n + i]!;
          const all = byObject[o]! + byInstance[i]! - iou;
          if (all > EPSILON) alignment[object * columns + instance]! += iou / all;
        }),
      );
    }
    const matches = ALPHAS.map(() => new Float64Array(alignment.length));
    const hits = new Float64Array(ALPHAS.length);
    for (const { objects: rows, instances, iou } of this.#frames) {
      const scores = iou.map((value, at) => {
        const object = rows[Math.floor(at / instances.length)]!;
        const instance = instances[at % instances.length]!;
        const together = alignment[object * columns + instance]!;
        return (value * together) / (objectFrames[object]! + instanceFrames[instance]! - together);
      });
      this.#assignment.solve(scores, rows.length, instances.length);
      for (let o = 0; o < rows.length; o++) {
        const i = this.#assignment.rows[o]!;
        if (i < 0) continue;
        ALPHAS.forEach((alpha, a) => {
          if (iou[o * instances.length + i]! < alpha - EPSILON) return;
          hits[a]!++;
          matches[a]![rows[o]! * columns + instances[i]!]!++;
        });
      }
    }
    const detection = ALPHAS.map((_, a) => hits[a]! / (objects + reported - hits[a]!));
    const association = ALPHAS.map((_, a) => {
      let sum = 0;
      matches[a]!.forEach((count, at) => {
        if (count === 0) return;
        const frames = objectFrames[Math.floor(at / columns)]! + instanceFrames[at % columns]!;
        sum += (count * count) / (frames - count);
      });
      return sum / Math.max(1, hits[a]!);
    });
    return {
      hota: mean(ALPHAS.map((_, a) => Math.sqrt(detection[a]! * association[a]!))),
      detA: mean(detection),
      assA: mean(association),
    };
  }

  /** In each frame pairs stay as they were, where they can; the others are matched by overlap. */
  #switches(): number {
    const before = new Map<number, number>();
    const inLastFrame = new Map<number, number>();
    let switches = 0;
    for (const { objects, instances, iou } of this.#frames) {
      const scores = iou.map((value, at) => {
        if (value < SAME) return 0;
        const object = objects[Math.floor(at / instances.length)]!;
        return value + (inLastFrame.get(object) === instances[at % instances.length] ? 1000 : 0);
      });
      this.#assignment.solve(scores, objects.length, instances.length);
      inLastFrame.clear();
      for (let o = 0; o < objects.length; o++) {
        const i = this.#assignment.rows[o]!;
        if (i < 0) continue;
        const object = objects[o]!;
        const instance = instances[i]!;
        const former = before.get(object);
        if (former !== undefined && former !== instance) switches++;
        before.set(object, instance);
        inLastFrame.set(object, instance);
      }
    }
    return switches;
  }

  #eachPair(use: (object: number, instance: number, iou: number) => void): void {
    for (const { objects, instances, iou } of this.#frames) {
      iou.forEach((value, at) =>
        use(objects[Math.floor(at / instances.length)]!, instances[at % instances.length]!, value),
      );
    }
  }
}

function numberOf(id: number, numbers: Map<number, number>): number {
  let number = numbers.get(id);
  if (number === undefined) numbers.set(id, (number = numbers.size));
  return number;
}

/** Sums over `inner` for each of `outer`. */
function sums(
  { iou }: Frame,
  at: (outer: number, inner: number) => number,
  outer: number,
  inner: number,
): number[] {
  return Array.from({ length: outer }, (_, o) => {
    let sum = 0;
    for (let i = 0; i < inner; i++) sum += iou[at(o, i)]!;
    return sum;
  });
}

function overlap(object: TrackTruth, instance: { classId: number; box: Box }): number {
  if (object.classId !== instance.classId) return 0;
  const shared = boxIntersection(object.box, instance.box);
  return shared === 0 ? 0 : shared / (boxArea(object.box) + boxArea(instance.box) - shared);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
