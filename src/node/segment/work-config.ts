import { existsSync, readFileSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { ExpectationError, messageOf } from '../../base/expect.js';
import type { SegmentParameters } from '../../parameters/segment.js';

/** The fields of a work config of TROS's dnn_node_example that are parameters here, and their names. */
const FIELDS: Readonly<Record<string, { parameter: keyof SegmentParameters; type: 'number' | 'path' }>> = {
  model_file: { parameter: 'model', type: 'path' },
  model_name: { parameter: 'model_name', type: 'path' },
  cls_names_list: { parameter: 'labels', type: 'path' },
  score_threshold: { parameter: 'score', type: 'number' },
  nms_threshold: { parameter: 'iou', type: 'number' },
  nms_top_k: { parameter: 'max_detections', type: 'number' },
  task_num: { parameter: 'slots', type: 'number' },
};

/** Parsers of dnn_node that read YOLO segmentation heads. */
const SEGMENTATION_PARSERS = /seg/i;

/**
 * Parameters from a work config of TROS's dnn_node_example. Its fields about heads, strides and the number of classes are not needed:
 * these are read from the model.
 *
 * @throws ExpectationError for a file that cannot be read, is not a JSON object, or is for another kind of model
 */
export function readWorkConfig(file: string): Partial<SegmentParameters> {
  const config = parse(file);
  const parser = config['dnn_Parser'];
  if (typeof parser === 'string' && !SEGMENTATION_PARSERS.test(parser)) {
    throw new ExpectationError(
      `a work config for YOLO segmentation in ${file}`,
      `dnn_Parser ${parser}`,
      'Detection and other networks are run by dnn_node_example.',
    );
  }
  const parameters: Record<string, string | number> = {};
  for (const [field, { parameter, type }] of Object.entries(FIELDS)) {
    const value = config[field];
    if (value === undefined) continue;
    if (typeof value !== (type === 'number' ? 'number' : 'string')) {
      throw new ExpectationError(
        `a ${type === 'number' ? 'number' : 'string'} for ${field} in ${file}`,
        value,
      );
    }
    parameters[parameter] =
      typeof value === 'string' && field !== 'model_name' ? locate(value, file) : (value as string | number);
  }
  return parameters;
}

function parse(file: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new ExpectationError('a TROS work config (JSON)', messageOf(error), `Check work_config: ${file}.`, {
      cause: error,
    });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ExpectationError(`a JSON object in ${file}`, value);
  }
  return value as Record<string, unknown>;
}

/** In TROS, paths are relative to the start folder, which contains `config/`; the files are also beside the work config. */
function locate(path: string, config: string): string {
  if (isAbsolute(path)) return path;
  const folder = dirname(resolve(config));
  const places = [resolve(path), join(folder, path), join(dirname(folder), path)];
  return places.find(existsSync) ?? places[0]!;
}
