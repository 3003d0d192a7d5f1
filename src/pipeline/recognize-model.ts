import { coarseScores } from '../vision/decode/coarse-scales.js';
import { type HeadLayout, type HeadRole, recognizeHeads } from '../vision/decode/heads.js';
import type { ModelInfo } from '../engine/engine.js';
import { chooseCellLabels, type ChosenLabels, chooseQueryLabels, labelCount } from '../model/labels.js';

/** What the user specifies about a model. */
export interface ModelHints {
  /** Role of each output in order, if heads cannot be told apart. */
  readonly roles?: readonly HeadRole[] | undefined;
  /** File of class names, one per line. */
  readonly labelFile?: string | undefined;
}

export interface RecognizedModel {
  readonly layout: HeadLayout;
  /** One name for each class. */
  readonly labels: readonly string[];
  /** What the user should know about the outputs and the names; sentences. */
  readonly warnings: readonly string[];
}

/**
 * Determines the roles of a model's outputs and the names of its classes.
 *
 * @throws ExpectationError when the outputs are not supported heads or are ambiguous, and when the names do not fit the
 * classes
 */
export function recognizeModel(model: ModelInfo, { roles, labelFile }: ModelHints = {}): RecognizedModel {
  const { outputs, input, labels: own, chosen } = model;
  const classCount = model.classCount ?? labelCount(own, labelFile);
  const layout = recognizeHeads(outputs, input, { roles, classCount, chosen });
  const coarse = coarseScores(layout);
  const { labels, warnings } = namesOf(layout, own, labelFile);
  return { layout, labels, warnings: coarse === undefined ? warnings : [coarse, ...warnings] };
}

function namesOf(
  { form, classCount }: HeadLayout,
  own: readonly string[] | undefined,
  labelFile: string | undefined,
): ChosenLabels {
  if (form === 'queries') return chooseQueryLabels(classCount, own, labelFile);
  return chooseCellLabels(classCount, own, labelFile);
}
