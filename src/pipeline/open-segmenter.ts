import type { Engine } from '../engine/engine.js';
import { type EngineSettings, openEngine } from '../engine/registry.js';
import { demoModel } from '../model/demo-model.js';
import { findModel } from '../model/find-model.js';
import { findClass } from '../model/labels.js';
import type { HeadRole } from '../vision/decode/heads.js';
import type { DecodeOptions } from '../vision/decode/options.js';
import { type ModelHints, recognizeModel } from './recognize-model.js';
import { Segmenter } from './segmenter.js';

export interface SegmenterSettings extends EngineSettings, Omit<DecodeOptions, 'classes' | 'classScores'> {
  /** Classes to report, by name or number. @default all */
  readonly classes?: readonly (string | number)[] | undefined;
  /** Lowest scores of single classes, by name or number. */
  readonly classScores?: Readonly<Record<string, number>> | undefined;
  /** File of class names, one a line, for a model that has none of its own. */
  readonly labelFile?: string | undefined;
  /** Role of each output in order, for a model whose heads cannot be told apart. */
  readonly heads?: readonly HeadRole[] | undefined;
}

/** A model that is ready for frames. */
export interface OpenSegmenter {
  readonly segmenter: Segmenter;
  readonly engine: Engine;
  /** Class names by class id. */
  readonly labels: readonly string[];
  /** What may be wrong with the model though it works; sentences. */
  readonly warnings: readonly string[];
  /** Waits for the frames in flight, then frees the engine. */
  close(): Promise<void>;
}

/**
 * Opens a model as the command line does: a `.bin` on the BPU, all others on ONNX Runtime, a stock export cut into its heads first
 * (the cut copy is cached). Heads are recognized and classes named.
 *
 * @param model a path, or a name of `tros-yolo-seg model list` that was downloaded; the bundled demo model where absent
 *
 * Rejects with an ExpectationError when the model cannot be used or a setting is out of range; nothing is left open then.
 *
 * @example
 * const model = await openSegmenter('yolov8n-seg.onnx', { classes: ['person'], score: 0.4 });
 * const { sources } = await openInputs(['photos/']);
 * for (const source of sources) {
 *   for await (const result of model.segmenter.segment(source.frames())) {
 *     if (isResult(result)) console.log(result.segmentation.instances.length);
 *   }
 * }
 * await model.close();
 */
export async function openSegmenter(
  model?: string,
  settings: SegmenterSettings = {},
): Promise<OpenSegmenter> {
  const { classes, classScores, labelFile, heads: roles, ...rest } = settings;
  return openRecognized(
    model === undefined ? demoModel() : findModel(model),
    rest,
    { labelFile, roles },
    (labels) => ({
      ...rest,
      classes: classes?.map((name) => findClass(String(name), labels, 'classes')),
      classScores: byId(classScores, labels),
    }),
  );
}

/**
 * Opens a model whose decoder's options depend on its class names, as those of the command line and of the node do.
 *
 * @param file path of the model
 * @param decoding gives the decoder's options for class names by class id; what it throws, this rejects with. It gets the
 * model's warnings, too, which may explain the error
 */
export async function openRecognized(
  file: string,
  settings: EngineSettings,
  hints: ModelHints,
  decoding: (labels: readonly string[], warnings: readonly string[]) => DecodeOptions,
): Promise<OpenSegmenter> {
  const engine = await openEngine(file, settings);
  try {
    const { labels, warnings: ofOutputs } = recognizeModel(engine.model, hints);
    const { roles: heads, labelFile } = hints;
    const { note, warnings: ofNames = [] } = engine.model;
    const warnings = [
      ...(note === undefined ? [] : [note]),
      // The file replaces the model's own names.
      ...(labelFile === undefined ? ofNames : []),
      ...ofOutputs,
    ];
    const options = decoding(labels, warnings);
    const segmenter = new Segmenter(engine, { ...options, heads, labelCount: labels.length });
    return {
      segmenter,
      engine,
      labels,
      warnings,
      close: () => engine.close(),
    };
  } catch (error) {
    await engine.close();
    throw error;
  }
}

function byId(
  scores: SegmenterSettings['classScores'],
  labels: readonly string[],
): Record<number, number> | undefined {
  if (scores === undefined) return undefined;
  return Object.fromEntries(
    Object.entries(scores).map(([name, score]) => [findClass(name, labels, 'classScores'), score]),
  );
}
