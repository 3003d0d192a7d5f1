import type { Fit } from '../picture/letterbox.js';
import type { TensorInfo } from '../tensor/tensor.js';

/**
 * The roles of a segmentation network's outputs. A network that is cut before its decoding part normally has ten outputs, three for
 * each level, and the prototypes:
 *
 * - `class`: C logits for each cell of each level
 * - `box`: distances left, top, right, bottom from the cell's center in units of the level's stride, each as
 *   `regMax` DFL logits, or as one plain number (regMax 1)
 * - `coefficient`: K factors that combine the prototype masks
 * - `proto`: K prototype masks for the whole picture
 *
 * A network that is not cut has `proto` and one more:
 *
 * - `detections`: for each cell of all levels center x, center y, width, height in model pixels, C scores, K coefficients
 * - `instances`: chosen by the network itself, for each x1, y1, x2, y2 in model pixels, score, class id, K coefficients
 *
 * Of a network with queries (RF-DETR) `class` and `box`, whose boxes are center x, center y, width, height as fractions of the
 * picture, and
 *
 * - `mask`: the logits of each query's own mask
 */
export const HEAD_ROLES = [
  'class',
  'box',
  'coefficient',
  'proto',
  'detections',
  'instances',
  'mask',
] as const;
export type HeadRole = (typeof HEAD_ROLES)[number];

/** The three heads of a level, in separate outputs or in one. */
export const HEADS_OF_LEVEL = ['class', 'box', 'coefficient'] as const;

/** The location of a head: its output, and steps in elements. */
export interface Head {
  /** Index into the engine's outputs. */
  readonly output: number;
  readonly info: TensorInfo;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly strideY: number;
  readonly strideX: number;
  readonly strideC: number;
  /** Axis of the output's shape along which the channels lie. */
  readonly axis: number;
  /** The head's first channel among those of the output: 0 unless it shares the output with others. */
  readonly first: number;
}

/** The three heads that share a grid. */
export interface Level {
  /** Model pixels per cell: 8, 16, 32. Boxes that are in model pixels already: 1. */
  readonly stride: number;
  readonly class: Head;
  readonly box: Head;
  /** Absent where each cell has a mask of its own. */
  readonly coefficient?: Head;
}

/** How far a network decodes its heads itself. */
export type HeadForm = 'heads' | 'detections' | 'instances' | 'queries';

/** Whether its scores are logits; else they are probabilities. */
export function scoresAreLogits(form: HeadForm): boolean {
  return form === 'heads' || form === 'queries';
}

/** Whether it gives each object one box, so that NMS is not needed. */
export function isSelective(form: HeadForm): boolean {
  return form === 'instances' || form === 'queries';
}

/** The role of every output of a model; determined once at load. */
export interface HeadLayout {
  /**
   * - `heads`: not at all; each level has a grid of cells
   * - `detections`: boxes and scores, all cells in one row
   * - `instances`: the network also selected them; the class head holds a score and a class id
   * - `queries`: each of some hundred queries is a box, class logits and a mask
   */
  readonly form: HeadForm;
  readonly inputWidth: number;
  readonly inputHeight: number;
  /** Finest first; only one if the form is not `heads`. */
  readonly levels: readonly Level[];
  /** Of queries: their masks. */
  readonly proto: Head;
  /** Model pixels per prototype cell, normally 4. */
  readonly protoStride: number;
  readonly classCount: number;
  /** DFL bins for each distance; 1 means plain numbers. */
  readonly regMax: number;
  /** K, normally 32. Of queries 1: the mask is its only prototype, and its coefficient 1. */
  readonly coefficientCount: number;
}

/** Known facts about a model, to resolve ambiguous channel counts. */
export interface HeadHints {
  /** The role of every output in order, set by the user. Takes precedence over recognition. */
  roles?: readonly HeadRole[] | undefined;
  /** Number of classes, from the labels of the model. */
  classCount?: number | undefined;
  /** Whether the network's graph shows that it selects instances. */
  chosen?: boolean | undefined;
}

/** Element of a head's first channel in a cell, which counts row by row. */
export function cellOffset({ width, strideX, strideY, strideC, first }: Head, cell: number): number {
  const y = Math.floor(cell / width);
  return first * strideC + y * strideY + (cell - y * width) * strideX;
}

/** The role and stride of each output, by its index. */
export function outputRoles({
  form,
  levels,
  proto,
  protoStride,
}: HeadLayout): Map<number, { readonly role: HeadRole; readonly stride: number | undefined }> {
  const roles = new Map<number, { role: HeadRole; stride: number | undefined }>([
    [proto.output, { role: form === 'queries' ? 'mask' : 'proto', stride: protoStride }],
  ]);
  for (const level of levels) {
    for (const role of HEADS_OF_LEVEL) {
      const head = level[role];
      if (!head) continue;
      const shared = form === 'detections' || form === 'instances';
      const stride = form === 'heads' ? level.stride : undefined;
      roles.set(head.output, { role: shared ? form : role, stride });
    }
  }
  return roles;
}

/** Size of the model's input, a multiple of all its grids. */
export interface InputSize {
  readonly width: number;
  readonly height: number;
  /** How pictures are brought to it. @default 'letterbox' */
  readonly fit?: Fit | undefined;
}

/** Strides of the finest level: usually 8, 4 with P2. Each level has twice the stride of the previous one. */
const FIRST_STRIDES = [8, 4, 16, 2] as const;
export const MOST_LEVELS = 8;

/** The possible strides of `count` levels for an input of this size, the usual ones first. */
export function strideSeries(count: number, { width, height }: InputSize): number[][] {
  return FIRST_STRIDES.map((first) => Array.from({ length: count }, (_, i) => first * 2 ** i)).filter(
    (strides) => strides.every((stride) => width % stride === 0 && height % stride === 0),
  );
}

/** Cells of all levels together. */
export function cellCount(strides: readonly number[], { width, height }: InputSize): number {
  return strides.reduce((sum, stride) => sum + (width / stride) * (height / stride), 0);
}

/** Whether a network with any number of levels has this number of cells. */
export function isCellCount(cells: number, input: InputSize): boolean {
  return Array.from({ length: MOST_LEVELS }, (_, i) => strideSeries(i + 1, input))
    .flat()
    .some((strides) => cellCount(strides, input) === cells);
}
