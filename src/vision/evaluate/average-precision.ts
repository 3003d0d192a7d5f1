import type { Segmentation } from '../mask/segmentation.js';
import { ExpectationError, expectInteger } from '../../base/expect.js';
import {
  type Area,
  AREAS,
  FrameMatches,
  linspace,
  MOST_DETECTIONS,
  Outcomes,
  type OverlapKind,
  THRESHOLDS,
  type TruthInstance,
} from './coco-matching.js';

export type { TruthInstance } from './coco-matching.js';

/** The ground truth of a frame; scenes provide it. */
export interface FrameTruth {
  readonly width: number;
  readonly height: number;
  readonly objects: readonly TruthInstance[];
}

/** Quality of one class; NaN if there were no objects of it. */
export interface ClassQuality {
  /** Number of objects that should be found. */
  readonly objects: number;
  readonly ap: number;
  readonly ap50: number;
  readonly ap75: number;
  /** Precision at recall 0, 0.01 .. 1, at an IoU of 0.5, made to fall monotonically; 0 where it was not reached. */
  readonly curve: readonly number[];
  /** The score threshold with the best F1 at an IoU of 0.5, and what it gives; NaN without a correct detection. */
  readonly best: { readonly score: number; readonly precision: number; readonly recall: number };
}

/** COCO's twelve figures; NaN if there were no objects. */
export interface CocoFigures {
  /** Mean over classes and over IoU 0.50, 0.55 .. 0.95: COCO's primary metric. */
  readonly ap: number;
  /** Mean over classes of the average precision at an IoU of 0.5. */
  readonly ap50: number;
  readonly ap75: number;
  /** `ap` of objects of up to 32², up to 96², and more square pixels. */
  readonly apSmall: number;
  readonly apMedium: number;
  readonly apLarge: number;
  /** Share of objects that are found, mean over classes and IoUs, with the best 1, 10 and 100 detections of a class and frame. */
  readonly ar1: number;
  readonly ar10: number;
  readonly ar100: number;
  readonly arSmall: number;
  readonly arMedium: number;
  readonly arLarge: number;
}

/** Quality of boxes or of masks; NaN if there were no objects. */
export interface Quality extends CocoFigures {
  /** `ap50` of each class, by class id. */
  readonly ap50ByClass: readonly number[];
  /** By class id. */
  readonly classes: readonly ClassQuality[];
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

const RECALLS = linspace(0, 1, 101);

interface ClassRecord {
  /** Of each detection, in the order in which they were added. */
  readonly scores: number[];
  /** Position among the detections of its frame and class, best first. */
  readonly ranks: number[];
  readonly box: Readonly<Record<Area, Outcomes>>;
  readonly mask: Readonly<Record<Area, Outcomes>>;
}

/**
 * Average precision and recall of boxes and masks as COCO defines them, to 1e-6 those of pycocotools.
 *
 * Frames are added one by one: overlaps are computed at once, and only scores and outcomes of a frame are kept, so
 * its buffers may be reused. For the whole curve the decoder's score threshold must be low (0.001); with
 * a higher threshold the result is lower. Detections of equal scores rank in the order of their frames: pycocotools takes images by their
 * ids.
 */
export class AveragePrecision {
  readonly #classes: ClassRecord[];
  #frames = 0;

  /** @param classCount class ids are from 0 to classCount - 1 */
  constructor(classCount: number) {
    expectInteger('the number of classes', classCount, 1, 10_000);
    this.#classes = Array.from({ length: classCount }, () => ({
      scores: [],
      ranks: [],
      box: outcomesByArea(),
      mask: outcomesByArea(),
    }));
  }

  /**
   * @throws ExpectationError if truth and detections have different sizes, masks are on a coarser grid, or
   * a class id is unknown; the frame is then not counted
   */
  add(found: Segmentation, truth: FrameTruth): void {
    this.#check(found, truth);
    this.#frames++;
    const classes = new Set([...found.instances, ...truth.objects].map(({ classId }) => classId));
    for (const classId of classes) {
      const record = this.#classes[classId]!;
      const objects = truth.objects.filter((object) => object.classId === classId);
      const instances = found.instances
        .filter((instance) => instance.classId === classId)
        .sort((a, b) => b.score - a.score)
        .slice(0, MOST_DETECTIONS);
      instances.forEach(({ score }, rank) => {
        record.scores.push(score);
        record.ranks.push(rank);
      });
      for (const kind of ['box', 'mask'] as const) {
        const matches = new FrameMatches(instances, objects, kind);
        for (const area of AREAS) matches.match(area, record[kind][area]);
      }
    }
  }

  /** The quality over all frames added so far. */
  evaluate(): Evaluation {
    return {
      frames: this.#frames,
      objects: this.#classes.reduce((sum, { box }) => sum + box.all.objects, 0),
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

function outcomesByArea(): Record<Area, Outcomes> {
  return { all: new Outcomes(), small: new Outcomes(), medium: new Outcomes(), large: new Outcomes() };
}

function quality(classes: readonly ClassRecord[], kind: OverlapKind): Quality {
  const orders = classes.map(({ scores }) => scores.map((_, i) => i).sort((a, b) => scores[b]! - scores[a]!));
  /** Each class at each threshold. */
  const curves = (area: Area, most = MOST_DETECTIONS): Curve[][] =>
    classes.map(({ ranks, [kind]: outcomes }, i) => {
      const order = most < MOST_DETECTIONS ? orders[i]!.filter((j) => ranks[j]! < most) : orders[i]!;
      return THRESHOLDS.map((_, bit) => new Curve(outcomes[area], order, 1 << bit));
    });
  const all = curves('all');
  const [small, medium, large] = [curves('small'), curves('medium'), curves('large')];
  const at = (bit: number): number => mean(all.map((byThreshold) => byThreshold[bit]!.averagePrecision));
  const ap = (of: Curve[][]): number => mean(of.map((curve) => mean(curve.map((c) => c.averagePrecision))));
  const ar = (of: Curve[][]): number => mean(of.map((curve) => mean(curve.map((c) => c.recall))));

  const byClass = all.map((byThreshold, i): ClassQuality => {
    const aps = byThreshold.map(({ averagePrecision }) => averagePrecision);
    const half = byThreshold[0]!;
    return {
      objects: classes[i]![kind].all.objects,
      ...{ ap: mean(aps), ap50: aps[0]!, ap75: aps[5]! },
      curve: half.curve,
      best: half.best(classes[i]!.scores),
    };
  });
  let [right, counted, objects] = [0, 0, 0];
  for (const { [kind]: outcomes } of classes) {
    right += outcomes.all.right.filter((bits) => bits & 1).length;
    counted += outcomes.all.ignored.filter((bits) => !(bits & 1)).length;
    objects += outcomes.all.objects;
  }
  return {
    ...{ ap: ap(all), ap50: at(0), ap75: at(5) },
    ...{ apSmall: ap(small), apMedium: ap(medium), apLarge: ap(large) },
    ...{ ar1: ar(curves('all', 1)), ar10: ar(curves('all', 10)), ar100: ar(all) },
    ...{ arSmall: ar(small), arMedium: ar(medium), arLarge: ar(large) },
    ap50ByClass: byClass.map(({ ap50 }) => ap50),
    classes: byClass,
    precision: counted === 0 ? NaN : right / counted,
    recall: objects === 0 ? NaN : right / objects,
  };
}

/** Precision over recall of one class at one threshold. */
class Curve {
  /** Detections that count, best first. */
  readonly #counted: readonly number[];
  readonly #recalls: number[] = [];
  readonly #precisions: number[] = [];
  readonly #objects: number;

  /** @param order indices of the detections, best first */
  constructor({ objects, right, ignored }: Outcomes, order: readonly number[], bit: number) {
    this.#objects = objects;
    this.#counted = objects === 0 ? [] : order.filter((i) => !(ignored[i]! & bit));
    let [hits, misses] = [0, 0];
    for (const i of this.#counted) {
      if (right[i]! & bit) hits++;
      else misses++;
      this.#recalls.push(hits / objects);
      this.#precisions.push(hits / (hits + misses));
    }
  }

  /** Precision at each of RECALLS. */
  get curve(): readonly number[] {
    const falling = [...this.#precisions];
    for (let i = falling.length - 2; i >= 0; i--) falling[i] = Math.max(falling[i]!, falling[i + 1]!);
    let at = 0;
    return RECALLS.map((recall) => {
      while (at < falling.length && this.#recalls[at]! < recall) at++;
      return falling[at] ?? 0;
    });
  }

  /** NaN for a class without objects. */
  get averagePrecision(): number {
    return this.#objects === 0 ? NaN : mean(this.curve);
  }

  /** Share of objects that were found. */
  get recall(): number {
    return this.#objects === 0 ? NaN : (this.#recalls.at(-1) ?? 0);
  }

  best(scores: readonly number[]): ClassQuality['best'] {
    let best = { score: NaN, precision: NaN, recall: NaN };
    let highest = 0;
    this.#counted.forEach((detection, i) => {
      // A threshold takes all detections of a score or none.
      const next = this.#counted[i + 1];
      if (next !== undefined && scores[next] === scores[detection]) return;
      const [precision, recall] = [this.#precisions[i]!, this.#recalls[i]!];
      const f1 = (2 * precision * recall) / (precision + recall);
      if (!(f1 > highest)) return;
      highest = f1;
      best = { score: scores[detection]!, precision, recall };
    });
    return best;
  }
}

/** Mean of the values that are not NaN; NaN if there are none. */
function mean(values: readonly number[]): number {
  const known = values.filter((value) => !Number.isNaN(value));
  return known.reduce((sum, value) => sum + value, 0) / known.length;
}
