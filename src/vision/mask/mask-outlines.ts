import type { Kernels } from '../tensor/kernels.js';
import type { Mask } from './segmentation.js';

/** Contours of one mask, found by a kernel; keeps its memory from mask to mask. */
export class MaskOutlines {
  /** Points of the last mask: x, y, x, y ... in cells of the grid. */
  points = new Int32Array(1 << 10);
  /** From index 2 on, for each contour its number of points, and 1 for a hole. */
  rings = new Int32Array(1 << 6);

  constructor(private readonly kernels: Kernels) {}

  /** @returns the number of contours */
  find(runs: Int32Array, { x, y, width }: Mask, tolerance: number, minArea: number): number {
    if (runs.length === 0) return 0;
    for (;;) {
      const { points, rings } = this;
      const count = this.kernels.outlines(runs, width, x, y, tolerance, minArea, points, 0, rings);
      if (count >= 0) return count;
      if (points.length < rings[0]!) this.points = new Int32Array(2 * rings[0]!);
      if (rings.length < rings[1]!) this.rings = new Int32Array(2 * rings[1]!);
    }
  }
}
