import { ExpectationError, expectInteger, expectNumber, expectOneOf } from '../../base/expect.js';
import { type HeadLayout, isSelective, scoresAreLogits } from './head-layout.js';

/** Where masks are sampled: on the picture's pixels, on the coarser prototype grid, or not at all. */
export const MASK_RESOLUTIONS = ['source', 'proto', 'none'] as const;
export type MaskResolution = (typeof MASK_RESOLUTIONS)[number];

/**
 * Whether overlapping boxes of a class are removed. `auto`: unless the model selects its instances itself, as the default export
 * of YOLO26 does, or has queries, as RF-DETR. YOLO26's heads, cut before that selection, rarely give an object two boxes, but they may. (Not `on` and `off`: YAML reads them as
 * booleans.)
 */
export const NMS_MODES = ['auto', 'always', 'never'] as const;
export type NmsMode = (typeof NMS_MODES)[number];

/** Lowest score of an instance, unless asked otherwise. */
export const DEFAULT_SCORE = 0.25;

/** The decoder's options; all of them may change while running. */
export interface DecodeOptions {
  /** Lowest score of an instance, 0 to 1. @default 0.25 */
  score?: number | undefined;
  /** Class-wise NMS drops a box whose IoU with a better one of its class is above this, 0 to 1. @default 0.7 */
  iou?: number | undefined;
  /** Whether there is NMS at all. @default 'auto' */
  nms?: NmsMode | undefined;
  /** Maximum number of instances per frame, best first. @default 300 */
  maxDetections?: number | undefined;
  /** Class ids to report; all if absent. */
  classes?: readonly number[] | undefined;
  /** Lowest scores of individual classes, by class id; overrides `score`. */
  classScores?: Readonly<Record<number, number>> | undefined;
  /** @default 'source' */
  masks?: MaskResolution | undefined;
}

/** Options validated and prepared for the scan. */
export interface DecodeSettings {
  /** 1 for no NMS, because no overlap is above 1. */
  readonly iou: number;
  readonly maxDetections: number;
  readonly masks: MaskResolution;
  /** Lowest value of each class in the model's units: logits for heads, else probabilities; +Infinity for classes that are not reported. */
  readonly classLimits: Float64Array;
  /** The lowest of `classLimits`: cells below it are skipped. */
  readonly lowestLimit: number;
}

/** More instances than any consumer can draw; limits the time of NMS. */
const MOST_DETECTIONS = 10_000;

/** @throws ExpectationError naming the option that is out of range */
export function prepareOptions(
  options: DecodeOptions,
  { classCount, form }: Pick<HeadLayout, 'classCount' | 'form'>,
): DecodeSettings {
  const limit = scoresAreLogits(form) ? logit : Number;
  const score = expectNumber('score', options.score ?? DEFAULT_SCORE, 0, 1);
  const classLimits = new Float64Array(classCount).fill(limit(score));
  for (const [key, value] of Object.entries(options.classScores ?? {})) {
    const id = expectClass('classScores', Number(key), classCount);
    classLimits[id] = limit(expectNumber(`the score of class ${key}`, value, 0, 1));
  }
  if (options.classes) {
    const wanted = new Set(options.classes.map((id) => expectClass('classes', id, classCount)));
    classLimits.forEach((_, id) => {
      if (!wanted.has(id)) classLimits[id] = Infinity;
    });
  }
  const iou = expectNumber('iou', options.iou ?? 0.7, 0, 1);
  const nms = expectOneOf('nms', options.nms ?? 'auto', NMS_MODES);
  return {
    iou: nms === 'never' || (nms === 'auto' && isSelective(form)) ? 1 : iou,
    maxDetections: expectInteger('maxDetections', options.maxDetections ?? 300, 1, MOST_DETECTIONS),
    masks: expectOneOf('masks', options.masks ?? 'source', MASK_RESOLUTIONS),
    classLimits,
    lowestLimit: classLimits.reduce((low, value) => Math.min(low, value), Infinity),
  };
}

function expectClass(option: string, id: number, classCount: number): number {
  if (!Number.isInteger(id) || id < 0 || id >= classCount) {
    throw new ExpectationError(
      `a class id from 0 to ${classCount - 1} in ${option}`,
      id,
      'The model knows no other.',
    );
  }
  return id;
}

/** Inverse of the sigmoid: thresholds are compared with logits, so that no exp is computed for cells below them. */
function logit(probability: number): number {
  return Math.log(probability / (1 - probability));
}

export function sigmoid(value: number): number {
  return 1 / (1 + Math.exp(-value));
}
