import { areQueries, type Shaped } from '../../vision/decode/queries.js';
import type { Fit } from '../../vision/picture/letterbox.js';
import { IMAGENET, type Normalization } from '../../vision/picture/normalization.js';

/** How a network wants its pictures. */
export interface InputPicture {
  readonly fit: Fit;
  /** Width and height of its input are multiples of it. */
  readonly step: number;
  /** What is done to values from 0 to 1; undefined if they stay as they are. */
  readonly normalization?: Normalization | undefined;
}

const OF_CELLS: InputPicture = { fit: 'letterbox', step: 32 };
/** An even input suffices: NV12 has no other, and the size of the network's patches is its own affair. */
const OF_QUERIES: InputPicture = { fit: 'stretch', step: 2, normalization: IMAGENET };

/**
 * Decides how a network wants its pictures. No file says that; it follows from the family, which the outputs' shapes show. Nothing else
 * decides it: engines keep the answer in ModelInfo.input, and `info` prints it.
 *
 * @param outputs as the file or ONNX Runtime describes them
 */
export function inputPicture(outputs: readonly Shaped[]): InputPicture {
  return areQueries(outputs) ? OF_QUERIES : OF_CELLS;
}

/**
 * How pictures are brought to an input other than the usual one, as a sentence for its user; undefined for the usual one.
 *
 * @example
 * pictureNote({ fit: 'stretch', normalization: IMAGENET });
 * // 'Pictures are stretched to the input, without padding, and normalized by ImageNet's mean (0.485, 0.456, 0.406) and ...'
 */
export function pictureNote({
  fit,
  normalization,
}: {
  readonly fit?: Fit | undefined;
  readonly normalization?: Normalization | undefined;
}): string | undefined {
  const parts: string[] = [];
  if (fit === 'stretch') parts.push('stretched to the input, without padding');
  if (normalization) {
    const { name, mean, deviation } = normalization;
    parts.push(`normalized by ${name}'s mean (${mean.join(', ')}) and deviation (${deviation.join(', ')})`);
  }
  if (parts.length === 0) return undefined;
  return `Pictures are ${parts.join(', and ')}, as RF-DETR's own code does: the file does not say so, its outputs are RF-DETR's.`;
}
