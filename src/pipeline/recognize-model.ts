import { coarseScores } from '../vision/decode/coarse-scales.js';
import { type HeadLayout, type HeadRole, recognizeHeads } from '../vision/decode/heads.js';
import type { ModelInfo } from '../engine/engine.js';
import { chooseLabels, labelCount } from '../model/labels.js';

/** What a user says of a model. */
export interface ModelHints {
  /** Role of each output in order, where heads cannot be told apart. */
  readonly roles?: readonly HeadRole[] | undefined;
  /** File of class names, one a line. */
  readonly labelFile?: string | undefined;
}

export interface RecognizedModel {
  readonly layout: HeadLayout;
  /** One for each class. */
  readonly labels: readonly string[];
  /** What the user should know of the outputs; sentences. */
  readonly warnings: readonly string[];
}

/**
 * What a model's outputs are, and the names of its classes.
 *
 * @throws ExpectationError when the outputs are no such heads or leave it open which, and when the names do not fit the classes
 */
export function recognizeModel(model: ModelInfo, { roles, labelFile }: ModelHints = {}): RecognizedModel {
  const { outputs, input, labels: own, chosen } = model;
  const classCount = model.classCount ?? labelCount(own, labelFile);
  const layout = recognizeHeads(outputs, input, { roles, classCount, chosen });
  const coarse = coarseScores(layout);
  return {
    layout,
    labels: chooseLabels(layout.classCount, own, labelFile),
    warnings: coarse === undefined ? [] : [coarse],
  };
}
