import type { Box, Segmentation } from '../../src/vision/mask/segmentation.js';
import type { Tensor } from '../../src/vision/tensor/tensor.js';

/** Query by query what RF-DETR's own code makes of its outputs, written from that code (PostProcess in rfdetr/models/lwdetr.py). */
export interface Reference {
  /** Its index in the outputs. */
  readonly query: number;
  readonly classId: number;
  readonly score: number;
  /** In pixels of the picture, clipped to it. */
  readonly box: Box;
  /** The mask's logit at the center of a pixel: F.interpolate(mode='bilinear', align_corners=False). */
  readonly logit: (x: number, y: number) => number;
}

type Sides = [number, number, number, number];

/** @param tensors boxes, class logits and masks, of any order @returns one for each query, its best class only, best first */
export function queryReference(tensors: readonly Tensor[], width: number, height: number): Reference[] {
  const masks = tensors.find(({ shape }) => shape.length === 4)!;
  const boxes = tensors.find(({ shape }) => shape.length === 3 && shape[2] === 4)!;
  const labels = tensors.find((tensor) => tensor !== masks && tensor !== boxes)!;
  const [, queries, rows, columns] = masks.shape as [number, number, number, number];
  const classes = labels.shape[2]!;
  return Array.from({ length: queries }, (_, query): Reference => {
    const logits = [...labels.data.subarray(query * classes, (query + 1) * classes)];
    const classId = logits.reduce((best, value, id) => (value > logits[best]! ? id : best), 0);
    const [x, y, w, h] = boxes.data.subarray(4 * query, 4 * query + 4) as unknown as Sides;
    const clip = (side: number, whole: number): number => Math.min(whole, Math.max(0, side * whole));
    const values = masks.data.subarray(query * rows * columns, (query + 1) * rows * columns);
    return {
      query,
      classId,
      score: 1 / (1 + Math.exp(-logits[classId]!)),
      box: {
        ...{ x1: clip(x - w / 2, width), y1: clip(y - h / 2, height) },
        ...{ x2: clip(x + w / 2, width), y2: clip(y + h / 2, height) },
      },
      logit: (px, py) => {
        const [left, right, u] = neighbors(px, width, columns);
        const [top, bottom, v] = neighbors(py, height, rows);
        const row = (at: number): number =>
          values[at * columns + left]! * (1 - u) + values[at * columns + right]! * u;
        return row(top) * (1 - v) + row(bottom) * v;
      },
    };
  }).sort((a, b) => b.score - a.score);
}

/** Cells around the center of a pixel, and how much of the second. */
function neighbors(pixel: number, pixels: number, cells: number): [number, number, number] {
  const place = Math.min(cells - 1, Math.max(0, ((pixel + 0.5) * cells) / pixels - 0.5));
  const first = Math.floor(place);
  return [first, Math.min(cells - 1, first + 1), place - first];
}

/** How a segmentation differs from its reference, whose order it must have. */
export interface Difference {
  /** Instances of the same class, score and box. */
  readonly same: number;
  readonly cells: number;
  /** Mask cells within the boxes that differ, but those whose logit is nearer to 0 than rounding. */
  readonly wrong: number;
}

export function compareQueries({ instances, width }: Segmentation, wanted: readonly Reference[]): Difference {
  const found = { same: 0, cells: 0, wrong: 0 };
  for (const [i, { classId, score, box, mask }] of instances.entries()) {
    const other = wanted[i]!;
    const sides = ['x1', 'y1', 'x2', 'y2'] as const;
    if (
      classId === other.classId &&
      Math.abs(score - other.score) < 1e-6 &&
      sides.every((side) => Math.abs(box[side] - other.box[side]) < 1e-3 * width)
    )
      found.same++;
    for (let cell = 0; cell < mask.data.length; cell++) {
      const logit = other.logit(mask.x + (cell % mask.width), mask.y + Math.floor(cell / mask.width));
      if (Math.abs(logit) > 1e-5 && mask.data[cell] !== (logit > 0 ? 1 : 0)) found.wrong++;
    }
    found.cells += mask.data.length;
  }
  return found;
}
