import { areQueries } from '../../vision/decode/queries.js';
import { isHeadCount } from '../../vision/decode/heads.js';
import type { OnnxModel, Value } from './onnx-model.js';

/**
 * - `heads`: a model that ends in its ten heads
 * - `stock`: an export that decodes all cells; it has to be cut first, and only cutting shows whether that is possible
 * - `instances`: an export that also selects instances: YOLO26's end-to-end export, or one with nms=True
 * - `queries`: RF-DETR's segmentation export, which has a box, classes and a mask for each query
 */
export type ModelForm = 'stock' | 'heads' | 'instances' | 'queries';

/**
 * Decided by the number of outputs and their rank. Whether they really are the heads is checked later, with the user's
 * settings.
 */
export function formOf(model: OnnxModel): ModelForm {
  const { outputs } = model;
  if (areQueries(outputs)) return 'queries';
  if (isChosen(model)) return 'instances';
  const grids = outputs.every(({ shape }) => shape === undefined || shape.length === 4);
  return grids && isHeadCount(outputs.length) ? 'heads' : 'stock';
}

/** Values of a selected instance before its coefficients: corners, score, class. */
export const INSTANCE_CHANNELS = 6;

/** Operators that select boxes. */
const CHOOSING = new Set(['TopK', 'NonMaxSuppression']);

/**
 * Whether the graph outputs selected instances, [1, rows, 6 + K]: YOLO26's end-to-end export, or one with nms=True. Extents
 * that the file does not give count as matching.
 */
export function isChosen({ outputs, nodes }: OnnxModel): boolean {
  if (outputs.length !== 2 || !nodes.some(({ opType }) => CHOOSING.has(opType))) return false;
  return [outputs, [...outputs].reverse()].some(([list, grid]) => {
    const [, , columns] = extents(list!, 3);
    const [, k] = extents(grid!, 4);
    const ranks = (list!.shape?.length ?? 3) === 3 && (grid!.shape?.length ?? 4) === 4;
    return ranks && (!columns || !k || columns === INSTANCE_CHANNELS + k);
  });
}

/** Extents of an output; 0 for symbolic or missing ones. */
export function extents({ shape }: Value, rank: number): number[] {
  return shape?.length === rank ? [...shape] : new Array<number>(rank).fill(0);
}
