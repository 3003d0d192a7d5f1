import { COEFFICIENTS } from './distortion.js';
import type { Intrinsics } from './intrinsics.js';
import { PROJECT } from './kernels.js';
import { largestRadius2, sameCamera } from './ray-table.js';
import { matrixOf, type RigidTransform } from './rigid-transform.js';

/**
 * What it takes to project pixels of a depth camera into a color camera's picture. Keeps its memory: results are valid until the next
 * call.
 */
export class Projection {
  readonly #numbers = new Float64Array(PROJECT.length);
  #color: Intrinsics | undefined;

  /**
   * @param depth of the depth picture's size
   * @param color scaled to the grid onto which pixels are projected
   * @param toColor takes points of the depth camera's optical frame to the color camera's
   * @returns numbers as PROJECT has them
   */
  between(depth: Intrinsics, color: Intrinsics, toColor: RigidTransform): Float64Array {
    const numbers = this.#numbers;
    numbers[PROJECT.cx] = depth.cx;
    numbers[PROJECT.cy] = depth.cy;
    numbers[PROJECT.fx] = depth.fx;
    numbers[PROJECT.fy] = depth.fy;
    numbers.set(matrixOf(toColor), PROJECT.rotation);
    if (!this.#color || !sameCamera(this.#color, color)) this.#setColor(color);
    return numbers;
  }

  #setColor(color: Intrinsics): void {
    const numbers = this.#numbers;
    numbers[PROJECT.colorCx] = color.cx;
    numbers[PROJECT.colorCy] = color.cy;
    numbers[PROJECT.colorFx] = color.fx;
    numbers[PROJECT.colorFy] = color.fy;
    const { distortion } = color;
    COEFFICIENTS.forEach((name, i) => (numbers[PROJECT.distortion + i] = distortion?.[name] ?? 0));
    // Never 0 with a distortion, even if the picture shows no ray at all: 0 stands for no distortion.
    numbers[PROJECT.limit] = distortion ? Math.max(largestRadius2(color), Number.MIN_VALUE) : 0;
    this.#color = color;
  }
}

/** Takes pixels of a depth picture to the color camera's grid: the reference of DepthKernels.project() and cut(). */
export class Projector {
  /** Columns and rows from the left and upper border of the grid, and the depth in the color camera's frame. */
  u = 0;
  v = 0;
  depth = 0;

  constructor(
    private readonly rays: Float32Array,
    private readonly numbers: Float64Array,
    private readonly width: number,
  ) {}

  /** @returns whether the color camera may see it: it lies before it, and not beyond what its lens shows */
  project(column: number, row: number, z: number): boolean {
    const { rays, numbers: n } = this;
    let rx: number;
    let ry: number;
    if (rays.length > 0) {
      const at = 2 * (row * this.width + column);
      rx = rays[at]!;
      ry = rays[at + 1]!;
    } else {
      rx = (column - n[PROJECT.cx]!) / n[PROJECT.fx]!;
      ry = (row - n[PROJECT.cy]!) / n[PROJECT.fy]!;
    }
    const m = PROJECT.rotation;
    const t = PROJECT.translation;
    const depth = (n[m + 6]! * rx + n[m + 7]! * ry + n[m + 8]!) * z + n[t + 2]!;
    if (!(depth > 0)) return false;
    let x = ((n[m]! * rx + n[m + 1]! * ry + n[m + 2]!) * z + n[t]!) / depth;
    let y = ((n[m + 3]! * rx + n[m + 4]! * ry + n[m + 5]!) * z + n[t + 1]!) / depth;
    const limit = n[PROJECT.limit]!;
    if (limit > 0) {
      const k = PROJECT.distortion;
      const xx = x * x;
      const yy = y * y;
      const r2 = xx + yy;
      if (!(r2 <= limit)) return false;
      const above = 1 + r2 * (n[k]! + r2 * (n[k + 1]! + r2 * n[k + 4]!));
      const q = above / (1 + r2 * (n[k + 5]! + r2 * (n[k + 6]! + r2 * n[k + 7]!)));
      const xy = 2 * x * y;
      const p1 = n[k + 2]!;
      const p2 = n[k + 3]!;
      const seen = x * q + p1 * xy + p2 * (r2 + 2 * xx);
      y = y * q + p1 * (r2 + 2 * yy) + p2 * xy;
      x = seen;
    }
    this.u = n[PROJECT.colorFx]! * x + n[PROJECT.colorCx]! + 0.5;
    this.v = n[PROJECT.colorFy]! * y + n[PROJECT.colorCy]! + 0.5;
    this.depth = depth;
    return true;
  }
}
