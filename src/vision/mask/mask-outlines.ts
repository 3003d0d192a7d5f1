import type { Kernels } from '../tensor/kernels.js';
import type { Mask } from './segmentation.js';

/** Contours of one mask as a kernel finds them; keeps its memory from mask to mask. */
export class MaskOutlines {
  /** Of the last mask: x, y, x, y ... in cells of the grid. */
  points = new Int32Array(1 << 10);
  /** From index 2 on, of each contour how many points it has, and 1 for a hole. */
  rings = new Int32Array(1 << 6);

  constructor(private readonly kernels: Kernels) {}

  /** @returns how many contours there are */
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
