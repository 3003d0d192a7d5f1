import { COEFFICIENTS } from './distortion.js';
import type { Intrinsics } from './intrinsics.js';
import { PROJECT } from './kernels.js';
import { largestRadius2, sameCamera } from './ray-table.js';
import { type RigidTransform, setMatrix } from './rigid-transform.js';

/** A limit that no ray is below: 0 would say that there is no distortion. */
const NO_RAY = 1e-30;

/**
 * What it takes to project pixels of a depth camera into a color camera's picture. Keeps its memory: results are valid until the next
 * call.
 */
export class Projection {
  readonly #numbers = new Float32Array(PROJECT.length);
  readonly #rigid = new Float64Array(12);
  #color: Intrinsics | undefined;

  /**
   * @param depth of the depth picture's size
   * @param color scaled to the grid onto which pixels are projected
   * @param toColor takes points of the depth camera's optical frame to the color camera's
   * @param unit meters of one unit of the depth picture's values
   * @returns numbers as PROJECT has them
   */
  between(depth: Intrinsics, color: Intrinsics, toColor: RigidTransform, unit: number): Float32Array {
    const numbers = this.#numbers;
    numbers[PROJECT.cx] = depth.cx;
    numbers[PROJECT.cy] = depth.cy;
    numbers[PROJECT.fx] = depth.fx;
    numbers[PROJECT.fy] = depth.fy;
    if (!this.#color || !sameCamera(this.#color, color)) this.#setColor(color);
    const { fx, fy, cx, cy } = color;
    const rigid = this.#rigid;
    setMatrix(rigid, toColor);
    for (let column = 0; column < 4; column++) {
      const first = column < 3 ? column : 9;
      const next = column < 3 ? 3 : 1;
      const scale = column < 3 ? 1 : 1 / unit;
      let x = rigid[first]! * scale;
      let y = rigid[first + next]! * scale;
      const z = rigid[first + 2 * next]! * scale;
      if (!color.distortion) {
        x = fx * x + (cx + 0.5) * z;
        y = fy * y + (cy + 0.5) * z;
      }
      const at = column < 3 ? PROJECT.matrix + column : PROJECT.translation;
      numbers[at] = x;
      numbers[at + next] = y;
      numbers[at + 2 * next] = z;
    }
    return numbers;
  }

  #setColor(color: Intrinsics): void {
    const numbers = this.#numbers;
    numbers[PROJECT.colorCx] = color.cx + 0.5;
    numbers[PROJECT.colorCy] = color.cy + 0.5;
    numbers[PROJECT.colorFx] = color.fx;
    numbers[PROJECT.colorFy] = color.fy;
    const { distortion } = color;
    COEFFICIENTS.forEach((name, i) => (numbers[PROJECT.distortion + i] = distortion?.[name] ?? 0));
    numbers[PROJECT.limit] = distortion ? Math.max(largestRadius2(color), NO_RAY) : 0;
    this.#color = color;
  }
}

/** Rounds to 32 bits, as each step of the C++ forms does: they compute four pixels at a time. */
const f = Math.fround;

/**
 * Takes pixels of a depth picture to the color camera's grid: the reference of DepthKernels.project() and cut(). In floats of 32 bits,
 * which are exact to a hundredth of a cell.
 */
export class Projector {
  /** Columns and rows from the left and upper border of the grid, and the depth in the color camera's frame, in the picture's units. */
  u = 0;
  v = 0;
  depth = 0;

  constructor(
    private readonly rays: Float32Array,
    private readonly numbers: Float32Array,
    private readonly width: number,
  ) {}

  /**
   * @param value of the depth picture
   * @returns whether the color camera may see it: it lies before it, and not beyond what its lens shows
   */
  project(column: number, row: number, value: number): boolean {
    const { rays, numbers: n } = this;
    let rx: number;
    let ry: number;
    if (rays.length > 0) {
      const at = 2 * (row * this.width + column);
      rx = rays[at]!;
      ry = rays[at + 1]!;
    } else {
      rx = f(f(column - n[PROJECT.cx]!) / n[PROJECT.fx]!);
      ry = f(f(row - n[PROJECT.cy]!) / n[PROJECT.fy]!);
    }
    const m = PROJECT.matrix;
    const t = PROJECT.translation;
    // What depends on the row comes first: the C++ forms compute it once for a row.
    const a = f(f(n[m]! * rx) + f(f(n[m + 1]! * ry) + n[m + 2]!));
    const b = f(f(n[m + 3]! * rx) + f(f(n[m + 4]! * ry) + n[m + 5]!));
    const c = f(f(n[m + 6]! * rx) + f(f(n[m + 7]! * ry) + n[m + 8]!));
    const depth = f(f(c * value) + n[t + 2]!);
    if (!(depth > 0)) return false;
    const inverse = f(1 / depth);
    const x = f(f(f(a * value) + n[t]!) * inverse);
    const y = f(f(f(b * value) + n[t + 1]!) * inverse);
    this.depth = depth;
    if (n[PROJECT.limit]! > 0) return this.#distort(x, y);
    this.u = x;
    this.v = y;
    return true;
  }

  /** Formulas of distort(). */
  #distort(x: number, y: number): boolean {
    const n = this.numbers;
    const k = PROJECT.distortion;
    const xx = f(x * x);
    const yy = f(y * y);
    const r2 = f(xx + yy);
    if (!(r2 <= n[PROJECT.limit]!)) return false;
    const above = f(1 + f(r2 * f(n[k]! + f(r2 * f(n[k + 1]! + f(r2 * n[k + 4]!))))));
    const below = f(1 + f(r2 * f(n[k + 5]! + f(r2 * f(n[k + 6]! + f(r2 * n[k + 7]!))))));
    const q = f(above / below);
    const xy = f(2 * f(x * y));
    const p1 = n[k + 2]!;
    const p2 = n[k + 3]!;
    const seenX = f(f(f(x * q) + f(p1 * xy)) + f(p2 * f(r2 + f(2 * xx))));
    const seenY = f(f(f(y * q) + f(p1 * f(r2 + f(2 * yy)))) + f(p2 * xy));
    this.u = f(f(n[PROJECT.colorFx]! * seenX) + n[PROJECT.colorCx]!);
    this.v = f(f(n[PROJECT.colorFy]! * seenY) + n[PROJECT.colorCy]!);
    return true;
  }
}
