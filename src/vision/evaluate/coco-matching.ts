import type { Box, Instance, Mask } from '../mask/segmentation.js';
import { boxArea, boxIntersection, maskArea, maskIntersection } from './overlap.js';

/** One object of the ground truth. */
export interface TruthInstance {
  readonly classId: number;
  readonly box: Box;
  /** On the picture's pixels. */
  readonly mask: Mask;
  /** Neither counts as missed nor as a false detection; as COCO's `iscrowd`. */
  readonly ignore?: boolean | undefined;
  /** Square pixels by which it counts as small, medium or large, as COCO's `area`. @default that of the mask, or of the box without one */
  readonly area?: number | undefined;
}

/** What is compared. */
export type OverlapKind = 'box' | 'mask';

/** COCO's thresholds: 0.50, 0.55 .. 0.95, to the bit as numpy.linspace has them: an IoU may be exactly 0.6. */
export const THRESHOLDS = linspace(0.5, 0.95, 10);
/** COCO evaluates this many detections of a class and frame, best first. */
export const MOST_DETECTIONS = 100;

/** COCO's ranges of areas, in square pixels, both ends included. */
export const AREAS = ['all', 'small', 'medium', 'large'] as const;
export type Area = (typeof AREAS)[number];
const AREA_RANGES: Readonly<Record<Area, readonly [number, number]>> = {
  all: [0, 1e10],
  small: [0, 32 ** 2],
  medium: [32 ** 2, 96 ** 2],
  large: [96 ** 2, 1e10],
};

/** The outcomes of the detections of one class, within one range of areas. */
export class Outcomes {
  /** Objects that should be found. */
  objects = 0;
  /** For each detection a bit per threshold: it matched an object. */
  readonly right: number[] = [];
  /** For each detection a bit per threshold: it neither counts as right nor as wrong. */
  readonly ignored: number[] = [];
}

/** `count` numbers from `from` to `to`, rounded as numpy.linspace rounds them. */
export function linspace(from: number, to: number, count: number): readonly number[] {
  const step = (to - from) / (count - 1);
  return Array.from({ length: count }, (_, i) => (i === count - 1 ? to : i * step + from));
}

/** The overlaps of one class in one frame, and the matches that follow from them. */
export class FrameMatches {
  readonly #iou: readonly number[][];
  readonly #foundAreas: readonly number[];
  readonly #objectAreas: readonly number[];

  /**
   * @param found of one class, best first
   * @param objects of the same class
   */
  constructor(
    found: readonly Instance[],
    private readonly objects: readonly TruthInstance[],
    kind: OverlapKind,
  ) {
    const area = (of: { box: Box; mask: Mask }): number =>
      kind === 'box' ? boxArea(of.box) : maskArea(of.mask);
    this.#foundAreas = found.map(area);
    const objectAreas = objects.map(area);
    this.#objectAreas = objects.map((object, i) => object.area ?? objectAreas[i]!);
    this.#iou = found.map((instance, i) =>
      objects.map((object, j) => {
        const shared =
          kind === 'box'
            ? boxIntersection(instance.box, object.box)
            : maskIntersection(instance.mask, object.mask);
        if (shared === 0) return 0;
        const own = this.#foundAreas[i]!;
        // Of a crowd, the share of the detection that it covers.
        return shared / (object.ignore ? own : own + objectAreas[j]! - shared);
      }),
    );
  }

  /**
   * Matches each detection, best first, with the free object that it overlaps most, for each threshold, as COCOeval.evaluateImg
   * does. Objects outside the range of areas are like crowds, except that each is matched once; unmatched detections
   * outside it count for nothing.
   */
  match(area: Area, outcomes: Outcomes): void {
    const [smallest, largest] = AREA_RANGES[area];
    const outside = (size: number): boolean => size < smallest || size > largest;
    const { objects } = this;
    const ignored = objects.map((object, j) => (object.ignore ?? false) || outside(this.#objectAreas[j]!));
    // Objects to be ignored come last: a detection is only matched with them if no other matches.
    const order = objects.map((_, j) => j).sort((a, b) => Number(ignored[a]) - Number(ignored[b]));
    const right = new Array<number>(this.#iou.length).fill(0);
    const without = new Array<number>(this.#iou.length).fill(0);
    THRESHOLDS.forEach((threshold, bit) => {
      const taken = new Array<boolean>(objects.length).fill(false);
      this.#iou.forEach((row, i) => {
        let best = Math.min(threshold, 1 - 1e-10);
        let chosen = -1;
        for (const j of order) {
          if (taken[j] && !objects[j]!.ignore) continue;
          if (chosen >= 0 && !ignored[chosen] && ignored[j]) break;
          if (row[j]! < best) continue;
          best = row[j]!;
          chosen = j;
        }
        if (chosen >= 0) taken[chosen] = true;
        if (chosen >= 0 ? ignored[chosen] : outside(this.#foundAreas[i]!)) without[i]! |= 1 << bit;
        else if (chosen >= 0) right[i]! |= 1 << bit;
      });
    });
    outcomes.objects += ignored.filter((ignore) => !ignore).length;
    outcomes.right.push(...right);
    outcomes.ignored.push(...without);
  }
}
