import { blurredClasses } from '../../model/blurred-classes.js';
import { basename } from 'node:path';
import { HEAD_ROLES } from '../../vision/decode/heads.js';
import type { DecodeOptions } from '../../vision/decode/options.js';
import type { Engine } from '../../engine/engine.js';
import { expectOneOf } from '../../base/expect.js';
import { Labels } from '../../message/write/labels.js';
import { parseClassScores } from '../../model/class-scores.js';
import { parseClassTypes } from '../../model/class-types.js';
import { demoModel } from '../../model/demo-model.js';
import { findModel } from '../../model/find-model.js';
import { findClass } from '../../model/labels.js';
import type { SegmentParameters } from '../../parameters/segment.js';
import type { EngineSettings } from '../../engine/registry.js';
import { openRecognized } from '../../pipeline/open-segmenter.js';
import { decodeForTracking, type TrackingOptions } from '../../pipeline/tracking.js';
import type { Segmenter } from '../../pipeline/segmenter.js';

/** A model that is ready for frames. */
export interface LoadedModel {
  readonly engine: Engine;
  readonly segmenter: Segmenter;
  readonly labels: Labels;
  /** Types of rois for TROS by class id, where these are not the class names. */
  readonly trosTypes: ReadonlyMap<number, string>;
  readonly file: string;
  /** File name without its extension. */
  readonly name: string;
  /** Warnings about it; sentences. */
  readonly warnings: readonly string[];
}

/**
 * Loads the model given by the parameters, with its classes and thresholds.
 *
 * Rejects with an ExpectationError if it cannot be used; everything is closed then.
 */
export async function loadModel(parameters: SegmentParameters): Promise<LoadedModel> {
  const file = parameters.model === '' ? demoModel() : findModel(parameters.model);
  const roles =
    parameters.heads.length === 0
      ? undefined
      : parameters.heads.map((role) => expectOneOf('parameter heads', role, HEAD_ROLES));
  const hints = { roles, labelFile: parameters.labels || undefined };
  let trosTypes: ReadonlyMap<number, string> = new Map();
  const { engine, segmenter, labels, warnings } = await openRecognized(
    file,
    engineSettings(parameters),
    hints,
    (names) => {
      trosTypes = trosTypesOf(parameters, names);
      return decodeOptions(parameters, names);
    },
  );
  return {
    engine,
    segmenter,
    labels: new Labels(labels),
    trosTypes,
    file,
    name: basename(file).replace(/\.\w+$/, ''),
    warnings,
  };
}

/** Types of rois by class id. @throws ExpectationError for what parseClassTypes() refuses */
export function trosTypesOf(
  { tros_types: pairs }: SegmentParameters,
  labels: readonly string[],
): ReadonlyMap<number, string> {
  return parseClassTypes('parameter tros_types', pairs, labels);
}

/**
 * The decoder's options from parameters: with tracking, it finds more than is reported.
 *
 * @throws ExpectationError for classes that the model does not have, and for invalid scores
 */
export function decodeOptions(parameters: SegmentParameters, labels: readonly string[]): DecodeOptions {
  const options = reportOptions(parameters, labels);
  // A model that cannot find what must not be shown is not loaded.
  blurredClasses(parameters.overlay_blur, parameters.classes, labels);
  return parameters.tracking ? decodeForTracking(options, parameters.track_low_score) : options;
}

/** How instances are tracked; undefined: not at all. @throws ExpectationError as decodeOptions */
export function trackingOptions(
  parameters: SegmentParameters,
  labels: readonly string[],
): TrackingOptions | undefined {
  if (!parameters.tracking) return undefined;
  return {
    lowScore: parameters.track_low_score,
    highScore: parameters.track_high_score,
    overlap: parameters.track_overlap,
    hits: parameters.track_hits,
    lostTime: parameters.track_lost_time,
    steadyScores: parameters.steady_scores,
    steadyShapes: parameters.steady_shapes,
    zoneAnchor: parameters.zone_anchor,
    reported: reportOptions(parameters, labels),
  };
}

/** Ids of the classes that are taken out of depth pictures; undefined: all. @throws ExpectationError as decodeOptions */
export function maskedClasses(
  { depth_mask_classes: names }: SegmentParameters,
  labels: readonly string[],
): readonly number[] | undefined {
  return names.length === 0 ? undefined : names.map((name) => findClass(name, labels));
}

function reportOptions(parameters: SegmentParameters, labels: readonly string[]): DecodeOptions {
  const { score, iou, nms, max_detections: maxDetections, classes, class_scores: scores } = parameters;
  return {
    score,
    iou,
    nms: nms,
    maxDetections,
    classes:
      classes.length === 0 ? undefined : classes.map((name) => findClass(name, labels, 'parameter classes')),
    classScores: parseClassScores('parameter class_scores', scores, labels),
    masks: parameters.masks,
  };
}

/** For zero and the empty string, the engine uses its default. */
function engineSettings(parameters: SegmentParameters): EngineSettings {
  return {
    engine: parameters.engine,
    slots: parameters.slots || undefined,
    threads: parameters.threads || undefined,
    colorRange: parameters.color_range,
    name: parameters.model_name || undefined,
    library: parameters.library || undefined,
    core: parameters.bpu_core,
    priority: parameters.bpu_priority,
    timeout: parameters.bpu_timeout,
  };
}
