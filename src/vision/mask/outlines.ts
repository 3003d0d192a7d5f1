import type { Kernels } from '../tensor/kernels.js';
import { PolygonTracer } from './polygon.js';
import type { Mask, Segmentation } from './segmentation.js';
import { MaskRuns } from './runs.js';

/** Contours of all masks of a frame, one after the other, in flat arrays, for writers of messages. */
export interface Outlines {
  /** x, y, x, y ... in cells of the mask grid. A contour is closed: its last point joins its first. */
  readonly points: Int32Array;
  /** Factors from cells to pixels of the picture. */
  readonly scaleX: number;
  readonly scaleY: number;
  /** For each contour, one past its last number in `points`. */
  readonly ends: Int32Array;
  /** For each contour 1 for a hole, else 0. Outer contours run clockwise on the screen, holes counterclockwise. */
  readonly holes: Uint8Array;
  /** For each instance, one past its last contour. */
  readonly instanceEnds: Int32Array;
}

/** Options of contours. */
export interface OutlineOptions {
  /**
   * Pixels of the picture by which simplification may move a contour; 0 keeps every step of the staircase. If masks have a coarser
   * grid, at least one of its cells, because the staircase of cells is not part of the object's shape.
   *
   * @default 1: not more than the error of the mask itself, and a tenth of the points
   */
  readonly tolerance?: number | undefined;
  /** Contours that enclose fewer cells are left out. @default 4 */
  readonly minArea?: number | undefined;
}

const DEFAULT_TOLERANCE = 1;
/** Cells. */
export const DEFAULT_AREA = 4;

/** The tolerance of OutlineOptions in cells of the masks' grid. */
export function toleranceInCells(
  { width, height, maskWidth, maskHeight }: Omit<Segmentation, 'instances'>,
  tolerance: number,
): number {
  if (tolerance === 0 || width === 0 || height === 0) return tolerance;
  return Math.max(1, tolerance / Math.max(width / maskWidth, height / maskHeight));
}

/** Finds the contours of a frame's masks. Keeps its memory from frame to frame. */
export class OutlineTracer {
  readonly #kernels: Kernels | undefined;
  readonly #tracer = new PolygonTracer();
  readonly #maskRuns = new MaskRuns();
  #points = new Int32Array(1 << 12);
  #ends = new Int32Array(1 << 6);
  #holes = new Uint8Array(1 << 6);
  #instanceEnds = new Int32Array(1 << 5);
  #rings = new Int32Array(1 << 6);
  #used = 0;
  #contours = 0;

  /** @param kernels a faster implementation, for masks that are runs; same results */
  constructor(kernels?: Kernels) {
    this.#kernels = kernels;
  }

  /** @returns contours in the order of the instances, valid until the next call */
  trace(segmentation: Segmentation, options: OutlineOptions = {}): Outlines {
    const { width, height, maskWidth, maskHeight, instances } = segmentation;
    const { tolerance = DEFAULT_TOLERANCE, minArea = DEFAULT_AREA } = options;
    const scaleX = width / maskWidth;
    const scaleY = height / maskHeight;
    const cells = toleranceInCells(segmentation, tolerance);
    this.#used = this.#contours = 0;
    if (this.#instanceEnds.length < instances.length)
      this.#instanceEnds = new Int32Array(2 * instances.length);
    for (let i = 0; i < instances.length; i++) {
      this.#trace(instances[i]!.mask, cells, minArea);
      this.#instanceEnds[i] = this.#contours;
    }
    return {
      ...{ points: this.#points, scaleX, scaleY },
      ...{ ends: this.#ends, holes: this.#holes, instanceEnds: this.#instanceEnds },
    };
  }

  #trace(mask: Mask, tolerance: number, minArea: number): void {
    if (mask.width === 0) return;
    if (!this.#kernels) {
      for (const { points, hole } of this.#tracer.trace(mask, { tolerance, minArea })) {
        if (this.#points.length < this.#used + points.length) this.#growPoints(this.#used + points.length);
        this.#points.set(points, this.#used);
        this.#add(points.length, hole ? 1 : 0);
      }
      return;
    }
    this.#maskRuns.read(mask);
    const { x, y, width } = mask;
    for (;;) {
      const count = this.#kernels.outlines(
        ...([this.#maskRuns.runs, width, x, y, tolerance, minArea] as const),
        ...([this.#points, this.#used, this.#rings] as const),
      );
      const rings = this.#rings;
      if (count < 0) {
        if (this.#points.length < rings[0]!) this.#growPoints(rings[0]!);
        if (rings.length < rings[1]!) this.#rings = new Int32Array(2 * rings[1]!);
        continue;
      }
      for (let ring = 1; ring <= count; ring++) this.#add(2 * rings[2 * ring]!, rings[2 * ring + 1]!);
      return;
    }
  }

  /** Adds a contour whose points are already written. */
  #add(numbers: number, hole: number): void {
    if (this.#contours === this.#ends.length) {
      const ends = new Int32Array(2 * this.#ends.length);
      ends.set(this.#ends);
      this.#ends = ends;
      const holes = new Uint8Array(2 * this.#holes.length);
      holes.set(this.#holes);
      this.#holes = holes;
    }
    this.#used += numbers;
    this.#ends[this.#contours] = this.#used;
    this.#holes[this.#contours++] = hole;
  }

  #growPoints(needed: number): void {
    const points = new Int32Array(2 * needed);
    points.set(this.#points.subarray(0, this.#used));
    this.#points = points;
  }
}
