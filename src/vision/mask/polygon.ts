import type { Kernels } from '../tensor/kernels.js';
import { MaskOutlines } from './mask-outlines.js';
import type { Mask } from './segmentation.js';
import { MaskRuns } from './runs.js';

/** A closed contour; the last point joins the first. */
export interface Polygon {
  /** x0, y0, x1, y1, ... in the requested coordinates. Outer contours run clockwise on the screen, holes counterclockwise. */
  readonly points: number[];
  readonly hole: boolean;
}

export interface PolygonOptions {
  /** Factors from grid cells to the coordinates of the result: picture width / mask width, and so on. @default 1 */
  scaleX?: number;
  scaleY?: number;
  /**
   * Largest distance in grid cells that simplification may move the contour; 0 keeps every step of the staircase.
   * @default 1
   */
  tolerance?: number;
  /** Contours that enclose fewer cells are left out: specks only cost bandwidth. @default 4 */
  minArea?: number;
}

/** Steps right, down, left, up: directions 0 to 3. Turning right adds 1. */
const STEP_X = [1, 0, -1, 0] as const;
const STEP_Y = [0, 1, 0, -1] as const;

/**
 * Contours of a mask, along the edges between cells: outer ones and holes.
 *
 * Every contour is followed with the mask on the right-hand side, one step per cell edge. Each contour, hole or not, passes at least
 * once to the right along the upper edge of a mask cell, so contours start at such edges, which are then marked as done.
 * Cells that touch only at a corner belong to different contours, so that no polygon crosses itself.
 */
export class PolygonTracer {
  readonly #maskRuns = new MaskRuns();
  readonly #outlines: MaskOutlines | undefined;
  /** Cells whose upper edge a contour has passed; all 0 between calls. */
  #done = new Uint8Array(0);
  /** Indices of the entries that are not 0. */
  readonly #marked: number[] = [];
  /** Corner points of the contour being followed, in cells of the crop. */
  #points: number[] = [];

  /** @param kernels a faster implementation, for masks that are runs; same results */
  constructor(kernels?: Kernels) {
    this.#outlines = kernels && new MaskOutlines(kernels);
  }

  trace(mask: Mask, options: PolygonOptions = {}): Polygon[] {
    const { scaleX = 1, scaleY = 1, tolerance = 1, minArea = 4 } = options;
    if (this.#outlines) return this.#ask(this.#outlines, mask, scaleX, scaleY, tolerance, minArea);
    const { width, height } = mask;
    const cells = width * height;
    if (this.#done.length < cells) this.#done = new Uint8Array(cells);

    const polygons: Polygon[] = [];
    this.#maskRuns.read(mask);
    // The cells of an edge belong to one contour: if the first is done, so are all of them.
    this.#maskRuns.upperEdges((from) => {
      if (this.#done[from] === 1) return;
      const area = this.#follow(mask, from % width, Math.floor(from / width));
      if (Math.abs(area) < minArea) return;
      const ring = simplifyRing(this.#points, tolerance);
      const points: number[] = [];
      for (let k = 0; k < ring.length; k += 2) {
        points.push((ring[k]! + mask.x) * scaleX, (ring[k + 1]! + mask.y) * scaleY);
      }
      polygons.push({ points, hole: area < 0 });
    });
    for (const cell of this.#marked) this.#done[cell] = 0;
    this.#marked.length = 0;
    return polygons;
  }

  #ask(
    outlines: MaskOutlines,
    mask: Mask,
    scaleX: number,
    scaleY: number,
    tolerance: number,
    minArea: number,
  ): Polygon[] {
    this.#maskRuns.read(mask);
    const count = outlines.find(this.#maskRuns.runs, mask, tolerance, minArea);
    const polygons: Polygon[] = [];
    for (let ring = 0, from = 0; ring < count; ring++) {
      const points: number[] = [];
      const end = from + 2 * outlines.rings[2 + 2 * ring]!;
      for (; from < end; from += 2) {
        points.push(outlines.points[from]! * scaleX, outlines.points[from + 1]! * scaleY);
      }
      polygons.push({ points, hole: outlines.rings[3 + 2 * ring] === 1 });
    }
    return polygons;
  }

  /** Follows the contour that passes along the upper edge of cell (x, y). @returns its signed area, negative for holes */
  #follow(mask: Mask, x: number, y: number): number {
    const { width, height, data } = mask;
    const inside = (cx: number, cy: number): boolean =>
      cx >= 0 && cy >= 0 && cx < width && cy < height && data[cy * width + cx] !== 0;
    const points = this.#points;
    points.length = 0;
    let px = x;
    let py = y;
    let direction = 0;
    let doubleArea = 0;
    do {
      if (direction === 0) {
        const cell = py * width + px;
        this.#done[cell] = 1;
        this.#marked.push(cell);
      }
      const nx = px + STEP_X[direction]!;
      const ny = py + STEP_Y[direction]!;
      doubleArea += px * ny - nx * py;
      px = nx;
      py = ny;
      // The two cells ahead of the corner just reached, on the right and on the left hand.
      const rightX = direction === 0 || direction === 3 ? px : px - 1;
      const rightY = direction === 0 || direction === 1 ? py : py - 1;
      const leftX = direction === 0 || direction === 1 ? px : px - 1;
      const leftY = direction === 1 || direction === 2 ? py : py - 1;
      let turn = 0;
      if (!inside(rightX, rightY)) turn = 1;
      else if (inside(leftX, leftY)) turn = 3;
      if (turn !== 0) {
        points.push(px, py);
        direction = (direction + turn) % 4;
      }
    } while (px !== x || py !== y || direction !== 0);
    return doubleArea / 2;
  }
}

/**
 * Douglas-Peucker on a closed ring. The ring is cut at its first point and the one farthest from it.
 *
 * @returns the ring itself if no point can be removed or less than a triangle would remain
 */
export function simplifyRing(points: readonly number[], tolerance: number): readonly number[] {
  const count = points.length / 2;
  if (tolerance <= 0 || count <= 4) return points;
  let farthest = 0;
  let largest = 0;
  for (let i = 1; i < count; i++) {
    const dx = points[2 * i]! - points[0]!;
    const dy = points[2 * i + 1]! - points[1]!;
    const square = dx * dx + dy * dy;
    if (square > largest) {
      largest = square;
      farthest = i;
    }
  }
  const keep = new Uint8Array(count);
  keep[0] = keep[farthest] = 1;
  const spans = [0, farthest, farthest, count];
  while (spans.length > 0) {
    const to = spans.pop()!;
    const from = spans.pop()!;
    const split = farthestFromChord(points, from, to, tolerance);
    if (split < 0) continue;
    keep[split] = 1;
    spans.push(from, split, split, to);
  }
  const kept: number[] = [];
  for (let i = 0; i < count; i++) if (keep[i] === 1) kept.push(points[2 * i]!, points[2 * i + 1]!);
  return kept.length < 6 ? points : kept;
}

/** Index of the point between `from` and `to` that lies farthest from their chord, -1 if all lie within the tolerance. */
function farthestFromChord(points: readonly number[], from: number, to: number, tolerance: number): number {
  const end = (2 * to) % points.length;
  const ax = points[2 * from]!;
  const ay = points[2 * from + 1]!;
  const dx = points[end]! - ax;
  const dy = points[end + 1]! - ay;
  const square = dx * dx + dy * dy;
  let split = -1;
  // Distances times the length of the chord, or squared if it is a point: needs no division and no root.
  let largest = square === 0 ? tolerance * tolerance : tolerance * Math.sqrt(square);
  for (let i = from + 1; i < to; i++) {
    const x = points[2 * i]! - ax;
    const y = points[2 * i + 1]! - ay;
    const distance = square === 0 ? x * x + y * y : Math.abs(x * dy - y * dx);
    if (distance > largest) {
      largest = distance;
      split = i;
    }
  }
  return split;
}
