import type { Box, Mask } from '../mask/segmentation.js';

/** Area in square pixels; 0 for an inverted box. */
export function boxArea(box: Box): number {
  return Math.max(0, box.x2 - box.x1) * Math.max(0, box.y2 - box.y1);
}

/** Area that both boxes cover. */
export function boxIntersection(a: Box, b: Box): number {
  const width = Math.min(a.x2, b.x2) - Math.max(a.x1, b.x1);
  const height = Math.min(a.y2, b.y2) - Math.max(a.y1, b.y1);
  return width > 0 && height > 0 ? width * height : 0;
}

/** Number of cells in a mask. */
export function maskArea(mask: Mask): number {
  let area = 0;
  const { data } = mask;
  const cells = mask.width * mask.height;
  for (let i = 0; i < cells; i++) area += data[i]!;
  return area;
}

/** Number of cells that both masks cover; they must have the same grid. */
export function maskIntersection(a: Mask, b: Mask): number {
  const left = Math.max(a.x, b.x);
  const right = Math.min(a.x + a.width, b.x + b.width);
  const top = Math.max(a.y, b.y);
  const bottom = Math.min(a.y + a.height, b.y + b.height);
  let shared = 0;
  const [dataA, dataB] = [a.data, b.data];
  for (let y = top; y < bottom; y++) {
    const rowA = (y - a.y) * a.width - a.x;
    const rowB = (y - b.y) * b.width - b.x;
    for (let x = left; x < right; x++) shared += dataA[rowA + x]! & dataB[rowB + x]!;
  }
  return shared;
}
