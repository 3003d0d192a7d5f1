import type { Kernels } from '../tensor/kernels.js';

/** Contours of masks as a kernel finds them; keeps its memory from mask to mask. */
export class KernelOutlines {
  /** Of the last mask: x, y, x, y ... in cells of its crop. */
  points = new Int32Array(1 << 10);
  /** From index 2 on, of each contour how many points it has, and 1 for a hole. */
  rings = new Int32Array(1 << 6);

  constructor(private readonly kernels: Kernels) {}

  /** @returns how many contours there are */
  find(runs: Int32Array, width: number, tolerance: number, minArea: number): number {
    if (runs.length === 0) return 0;
    for (;;) {
      const count = this.kernels.outlines(runs, width, tolerance, minArea, this.points, this.rings);
      if (count >= 0) return count;
      const [points, rings] = this.rings as unknown as [number, number];
      if (this.points.length < points) this.points = new Int32Array(2 * points);
      if (this.rings.length < rings) this.rings = new Int32Array(2 * rings);
    }
  }
}
