import type { Mask } from './segmentation.js';

/** Points on an edge are found on a grid this much finer, as in maskApi.c. */
const SCALE = 5;

/**
 * The mask of an object that is given by COCO's polygons: the union of all of them, pixel for pixel that of pycocotools (rleFrPoly
 * in maskApi.c), whose rounding no other rasterizer shares.
 *
 * @param polygons of x0, y0, x1, y1, ... in pixels; fewer than three points enclose nothing
 * @param width pixels of the picture, outside of which nothing is
 * @param height
 *
 * @example cocoPolygonMask([[0, 0, 4, 0, 4, 3, 0, 3]], 8, 8) // x: 0, y: 0, width: 4, height: 3, all ones
 */
export function cocoPolygonMask(
  polygons: readonly (readonly number[])[],
  width: number,
  height: number,
): Mask {
  // Column-major, as COCO counts cells.
  const columns = new Uint8Array(width * height);
  for (const polygon of polygons) {
    const ends = columnEnds(polygon, width, height);
    for (let i = 0; i + 1 < ends.length; i += 2) columns.fill(1, ends[i], ends[i + 1]);
  }
  return croppedColumns(columns, width, height);
}

/** Where the polygon is entered and left, in cells counted column by column, ascending; the last one left is the picture's end. */
function columnEnds(polygon: readonly number[], width: number, height: number): Uint32Array {
  const count = polygon.length >> 1;
  const xs = Int32Array.from({ length: count + 1 }, (_, i) => SCALE * polygon[2 * (i % count)]! + 0.5);
  const ys = Int32Array.from({ length: count + 1 }, (_, i) => SCALE * polygon[2 * (i % count) + 1]! + 0.5);
  const found: number[] = [];
  let [beforeX, beforeY] = [0, 0];
  let first = true;
  const visit = (x: number, y: number): void => {
    if (!first && x !== beforeX) {
      const column = ((x < beforeX ? x : x - 1) + 0.5) / SCALE - 0.5;
      if (Number.isInteger(column) && column >= 0 && column <= width - 1) {
        const row = (Math.min(y, beforeY) + 0.5) / SCALE - 0.5;
        found.push(column * height + Math.ceil(Math.min(height, Math.max(0, row))));
      }
    }
    first = false;
    [beforeX, beforeY] = [x, y];
  };
  for (let i = 0; i < count; i++) {
    let [fromX, fromY, toX, toY] = [xs[i]!, ys[i]!, xs[i + 1]!, ys[i + 1]!];
    const dx = Math.abs(toX - fromX);
    const dy = Math.abs(toY - fromY);
    const flat = dx >= dy;
    const flip = flat ? fromX > toX : fromY > toY;
    if (flip) [fromX, fromY, toX, toY] = [toX, toY, fromX, fromY];
    const steps = flat ? dx : dy;
    const slope = steps === 0 ? 0 : flat ? (toY - fromY) / dx : (toX - fromX) / dy;
    for (let step = 0; step <= steps; step++) {
      const t = flip ? steps - step : step;
      if (flat) visit(t + fromX, Math.trunc(fromY + slope * t + 0.5));
      else visit(Math.trunc(fromX + slope * t + 0.5), t + fromY);
    }
  }
  found.push(width * height);
  return Uint32Array.from(found).sort();
}

/** The smallest crop that holds everything. @param cells column-major */
function croppedColumns(cells: Uint8Array, width: number, height: number): Mask {
  let [left, top, right, bottom] = [width, height, 0, 0];
  for (let at = cells.indexOf(1); at >= 0; at = cells.indexOf(1, at)) {
    const x = Math.floor(at / height);
    const columnEnd = (x + 1) * height;
    const gap = cells.subarray(at, columnEnd).lastIndexOf(1);
    left = Math.min(left, x);
    right = x + 1;
    top = Math.min(top, at - x * height);
    bottom = Math.max(bottom, at + gap + 1 - x * height);
    at = columnEnd;
  }
  if (right === 0) return { x: 0, y: 0, width: 0, height: 0, data: new Uint8Array(0) };
  const [cropWidth, cropHeight] = [right - left, bottom - top];
  const data = new Uint8Array(cropWidth * cropHeight);
  for (let x = 0; x < cropWidth; x++) {
    const column = (left + x) * height + top;
    for (let y = 0; y < cropHeight; y++) data[y * cropWidth + x] = cells[column + y]!;
  }
  return { x: left, y: top, width: cropWidth, height: cropHeight, data };
}
