import { ExpectationError, expectInteger, expectNumber, expectOneOf } from '../expect.js';

/** Where masks are sampled: on the picture's pixels, on the coarser prototype grid, or not at all. */
export const MASK_RESOLUTIONS = ['source', 'proto', 'none'] as const;
export type MaskResolution = (typeof MASK_RESOLUTIONS)[number];

/** What a user may ask of the decoder; all of it may change while running. */
export interface DecodeOptions {
  /** Lowest score of an instance, 0 to 1. @default 0.25 */
  score?: number | undefined;
  /** Class-wise NMS drops a box whose IoU with a better one of its class is above this, 0 to 1. @default 0.7 */
  iou?: number | undefined;
  /** Most instances of a frame, best first. @default 300 */
  maxDetections?: number | undefined;
  /** Class ids to report; all when absent. */
  classes?: readonly number[] | undefined;
  /** Lowest score for single classes, by class id; overrides `score`. */
  classScores?: Readonly<Record<number, number>> | undefined;
  /** @default 'source' */
  masks?: MaskResolution | undefined;
}

/** Options validated and prepared for the scan. */
export interface DecodeSettings {
  readonly iou: number;
  readonly maxDetections: number;
  readonly masks: MaskResolution;
  /** Lowest logit for each class; +Infinity for classes that are not wanted. */
  readonly classLogits: Float64Array;
  /** The lowest of `classLogits`: what a cell must reach to be looked at. */
  readonly lowestLogit: number;
}

/** More instances than any consumer can draw, and a bound on the time of NMS. */
const MOST_DETECTIONS = 10_000;

/** @throws ExpectationError naming the option that is out of range */
export function prepareOptions(options: DecodeOptions, classCount: number): DecodeSettings {
  const score = expectNumber('score', options.score ?? 0.25, 0, 1);
  const classLogits = new Float64Array(classCount).fill(logit(score));
  for (const [key, value] of Object.entries(options.classScores ?? {})) {
    const id = expectClass('classScores', Number(key), classCount);
    classLogits[id] = logit(expectNumber(`the score of class ${key}`, value, 0, 1));
  }
  if (options.classes) {
    const wanted = new Set(options.classes.map((id) => expectClass('classes', id, classCount)));
    classLogits.forEach((_, id) => {
      if (!wanted.has(id)) classLogits[id] = Infinity;
    });
  }
  return {
    iou: expectNumber('iou', options.iou ?? 0.7, 0, 1),
    maxDetections: expectInteger('maxDetections', options.maxDetections ?? 300, 1, MOST_DETECTIONS),
    masks: expectOneOf('masks', options.masks ?? 'source', MASK_RESOLUTIONS),
    classLogits,
    lowestLogit: classLogits.reduce((low, value) => Math.min(low, value), Infinity),
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

/** Inverse of the sigmoid: thresholds are compared with logits, so that no exp is taken for cells below them. */
export function logit(probability: number): number {
  return Math.log(probability / (1 - probability));
}

export function sigmoid(value: number): number {
  return 1 / (1 + Math.exp(-value));
}
