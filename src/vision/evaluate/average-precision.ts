import type { Box, Instance, Mask, Segmentation } from '../mask/segmentation.js';
import { ExpectationError, expectInteger } from '../../base/expect.js';
import { boxArea, boxIntersection, maskArea, maskIntersection } from './overlap.js';

/** One object of the ground truth. */
export interface TruthInstance {
  readonly classId: number;
  readonly box: Box;
  /** On the picture's pixels. */
  readonly mask: Mask;
  /** Neither counts as missed nor as a false detection; as COCO's `iscrowd`. */
  readonly ignore?: boolean | undefined;
}

/** The ground truth of a frame; scenes provide it. */
export interface FrameTruth {
  readonly width: number;
  readonly height: number;
  readonly objects: readonly TruthInstance[];
}

/** Quality of boxes or of masks; NaN if there were no objects. */
export interface Quality {
  /** Mean over classes of the average precision at an IoU of 0.5. */
  readonly ap50: number;
  /** Mean over classes and over IoU 0.50, 0.55 .. 0.95: COCO's primary metric. */
  readonly ap: number;
  /** `ap50` of each class, by class id. */
  readonly ap50ByClass: readonly number[];
  /** Share of detections that are correct at an IoU of 0.5. */
  readonly precision: number;
  /** Share of objects that were found, at an IoU of 0.5. */
  readonly recall: number;
}

export interface Evaluation {
  readonly frames: number;
  /** Number of objects; those marked `ignore` are not counted. */
  readonly objects: number;
  readonly box: Quality;
  readonly mask: Quality;
}

/** COCO's thresholds: 0.50, 0.55 .. 0.95. */
const THRESHOLDS = Array.from({ length: 10 }, (_, i) => 0.5 + 0.05 * i);
/** COCO evaluates this many detections of a class and frame, best first. */
const MOST_DETECTIONS = 100;
const RECALL_POINTS = 101;

/** The outcomes of the detections of one class, for boxes or for masks. */
interface Outcomes {
  /** For each detection a bit per threshold: it matched an object. */
  readonly right: number[];
  /** For each detection a bit per threshold: it matched a region to be ignored. */
  readonly ignored: number[];
}

interface ClassRecord {
  objects: number;
  readonly scores: number[];
  readonly box: Outcomes;
  readonly mask: Outcomes;
}

/**
 * Average precision of boxes and masks as COCO defines it (pycocotools, all areas, 100 detections per class and frame).
 *
 * Frames are added one by one: overlaps are computed at once, and only scores and outcomes of a frame are kept, so
 * its buffers may be reused. For the whole curve the decoder's score threshold must be low (0.001); with
 * a higher threshold the result is lower.
 */
export class AveragePrecision {
  readonly #classes: ClassRecord[];
  #frames = 0;

  /** @param classCount class ids are from 0 to classCount - 1 */
  constructor(classCount: number) {
    expectInteger('the number of classes', classCount, 1, 10_000);
    this.#classes = Array.from({ length: classCount }, () => ({
      objects: 0,
      scores: [],
      box: { right: [], ignored: [] },
      mask: { right: [], ignored: [] },
    }));
  }

  /**
   * @throws ExpectationError if truth and detections have different sizes, masks are on a coarser grid, or
   * a class id is unknown; the frame is then not counted
   */
  add(found: Segmentation, truth: FrameTruth): void {
    this.#check(found, truth);
    this.#frames++;
    this.#classes.forEach((record, classId) => {
      // Objects to be ignored come last: a detection is only matched with them if no other matches.
      const objects = truth.objects
        .filter((object) => object.classId === classId)
        .sort((a, b) => Number(a.ignore ?? false) - Number(b.ignore ?? false));
      const instances = found.instances
        .filter((instance) => instance.classId === classId)
        .sort((a, b) => b.score - a.score)
        .slice(0, MOST_DETECTIONS);
      record.objects += objects.filter((object) => !object.ignore).length;
      record.scores.push(...instances.map((instance) => instance.score));
      match(overlaps(instances, objects, 'box'), objects, record.box);
      match(overlaps(instances, objects, 'mask'), objects, record.mask);
    });
  }

  /** The quality over all frames added so far. */
  evaluate(): Evaluation {
    return {
      frames: this.#frames,
      objects: this.#classes.reduce((sum, record) => sum + record.objects, 0),
      box: quality(this.#classes, 'box'),
      mask: quality(this.#classes, 'mask'),
    };
  }

  #check(found: Segmentation, truth: FrameTruth): void {
    const size = `${truth.width}x${truth.height}`;
    if (found.width !== truth.width || found.height !== truth.height) {
      throw new ExpectationError(`detections in a picture of ${size}`, `${found.width}x${found.height}`);
    }
    if (found.maskWidth !== truth.width || found.maskHeight !== truth.height) {
      throw new ExpectationError(
        `masks on a grid of ${size}`,
        `${found.maskWidth}x${found.maskHeight}`,
        'Evaluate with masks at source resolution.',
      );
    }
    for (const { classId } of [...found.instances, ...truth.objects]) {
      expectInteger('a class id', classId, 0, this.#classes.length - 1);
    }
  }
}

/** IoU of each detection with each object; for an ignored object, the share of the detection that it covers. */
function overlaps(
  instances: readonly Instance[],
  objects: readonly TruthInstance[],
  kind: 'box' | 'mask',
): number[][] {
  const area = (of: { box: Box; mask: Mask }): number =>
    kind === 'box' ? boxArea(of.box) : maskArea(of.mask);
  const objectAreas = objects.map(area);
  return instances.map((instance) => {
    const own = area(instance);
    return objects.map((object, j) => {
      const shared =
        kind === 'box'
          ? boxIntersection(instance.box, object.box)
          : maskIntersection(instance.mask, object.mask);
      return shared === 0 ? 0 : shared / (object.ignore ? own : own + objectAreas[j]! - shared);
    });
  });
}

/** Matches each detection, best first, with the unmatched object that it overlaps most, for each threshold. */
function match(iou: readonly number[][], objects: readonly TruthInstance[], outcomes: Outcomes): void {
  const right = new Array<number>(iou.length).fill(0);
  const ignored = new Array<number>(iou.length).fill(0);
  THRESHOLDS.forEach((threshold, bit) => {
    const taken = new Array<boolean>(objects.length).fill(false);
    iou.forEach((row, i) => {
      let best = threshold;
      let chosen = -1;
      for (let j = 0; j < objects.length; j++) {
        const { ignore } = objects[j]!;
        if (taken[j] && !ignore) continue;
        if (ignore && chosen >= 0 && !objects[chosen]!.ignore) break;
        if (row[j]! < best) continue;
        best = row[j]!;
        chosen = j;
      }
      if (chosen < 0) return;
      taken[chosen] = true;
      if (objects[chosen]!.ignore) ignored[i]! |= 1 << bit;
      else right[i]! |= 1 << bit;
    });
  });
  outcomes.right.push(...right);
  outcomes.ignored.push(...ignored);
}

function quality(classes: readonly ClassRecord[], kind: 'box' | 'mask'): Quality {
  const byClass = classes.map((record) => {
    const order = record.scores.map((_, i) => i).sort((a, b) => record.scores[b]! - record.scores[a]!);
    return THRESHOLDS.map((_, bit) => averagePrecision(record, record[kind], order, 1 << bit));
  });
  let right = 0;
  let counted = 0;
  let objects = 0;
  for (const record of classes) {
    const outcomes = record[kind];
    right += outcomes.right.filter((bits) => bits & 1).length;
    counted += outcomes.ignored.filter((bits) => !(bits & 1)).length;
    objects += record.objects;
  }
  return {
    ap50: mean(byClass.map((aps) => aps[0]!)),
    ap: mean(byClass.map(mean)),
    ap50ByClass: byClass.map((aps) => aps[0]!),
    precision: counted === 0 ? NaN : right / counted,
    recall: objects === 0 ? NaN : right / objects,
  };
}

/** Precision, made to fall monotonically, averaged over recalls 0, 0.01 .. 1. NaN for a class without objects. */
function averagePrecision(
  { objects }: ClassRecord,
  { right, ignored }: Outcomes,
  order: readonly number[],
  bit: number,
): number {
  if (objects === 0) return NaN;
  const recalls: number[] = [];
  const precisions: number[] = [];
  let hits = 0;
  let misses = 0;
  for (const i of order) {
    if (ignored[i]! & bit) continue;
    if (right[i]! & bit) hits++;
    else misses++;
    recalls.push(hits / objects);
    precisions.push(hits / (hits + misses));
  }
  for (let i = precisions.length - 2; i >= 0; i--) {
    precisions[i] = Math.max(precisions[i]!, precisions[i + 1]!);
  }
  let sum = 0;
  let at = 0;
  for (let point = 0; point < RECALL_POINTS; point++) {
    while (at < recalls.length && recalls[at]! < point / (RECALL_POINTS - 1)) at++;
    if (at === recalls.length) break;
    sum += precisions[at]!;
  }
  return sum / RECALL_POINTS;
}

/** Mean of the values that are not NaN; NaN if there are none. */
function mean(values: readonly number[]): number {
  const known = values.filter((value) => !Number.isNaN(value));
  return known.reduce((sum, value) => sum + value, 0) / known.length;
}
