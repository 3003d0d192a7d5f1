import { COEFFICIENTS, type Distortion, undistort } from './distortion.js';
import type { Intrinsics } from './intrinsics.js';

/**
 * The rays of all pixels of a camera with distortion: x and y at a depth of 1, row by row. Made once for a camera, and kept until
 * another one comes: solving for each pixel of each frame would cost more than all else.
 */
export class RayTable {
  #camera: Intrinsics | undefined;
  #rays: Float32Array = NO_RAYS;

  /** @returns empty for a camera without distortion */
  of(camera: Intrinsics): Float32Array {
    if (!camera.distortion) return NO_RAYS;
    if (!this.#camera || !sameCamera(this.#camera, camera)) {
      this.#rays = raysOf(camera, camera.distortion);
      this.#camera = { ...camera };
    }
    return this.#rays;
  }
}

const NO_RAYS = new Float32Array(0);

function raysOf({ width, height, fx, fy, cx, cy }: Intrinsics, distortion: Distortion): Float32Array {
  const rays = new Float32Array(2 * width * height);
  const ray = new Float64Array(2);
  // From the middle outward, each starting from its neighbor's ray: that is close enough for a step or two, and lies on the right side
  // of the radius where the polynomials turn back.
  const middleX = Math.min(width - 1, Math.max(0, Math.round(cx)));
  const middleY = Math.min(height - 1, Math.max(0, Math.round(cy)));
  const solve = (column: number, row: number, fromColumn: number, fromRow: number): void => {
    const from = 2 * (fromRow * width + fromColumn);
    ray[0] = rays[from]!;
    ray[1] = rays[from + 1]!;
    undistort(distortion, (column - cx) / fx, (row - cy) / fy, ray);
    rays.set(ray, 2 * (row * width + column));
  };
  solve(middleX, middleY, middleX, middleY);
  for (let row = middleY - 1; row >= 0; row--) solve(middleX, row, middleX, row + 1);
  for (let row = middleY + 1; row < height; row++) solve(middleX, row, middleX, row - 1);
  for (let row = 0; row < height; row++) {
    for (let column = middleX - 1; column >= 0; column--) solve(column, row, column + 1, row);
    for (let column = middleX + 1; column < width; column++) solve(column, row, column - 1, row);
  }
  return rays;
}

/** Whether two cameras have the same rays. */
export function sameCamera(a: Intrinsics, b: Intrinsics): boolean {
  return (
    (['width', 'height', 'fx', 'fy', 'cx', 'cy'] as const).every((name) => a[name] === b[name]) &&
    COEFFICIENTS.every((name) => a.distortion?.[name] === b.distortion?.[name])
  );
}

/** Every so many pixels of the border are looked at. */
const BORDER_STEP = 8;
/** Factor for a squared radius: what lies just outside the picture may round into it. */
const ROOM = 1.02;

/**
 * The largest x² + y² of a ray that the picture shows. Rays farther out must not be projected: the polynomials turn back there, and
 * would put what is beside the camera into its picture.
 */
export function largestRadius2({ width, height, fx, fy, cx, cy, distortion }: Intrinsics): number {
  if (!distortion) return Infinity;
  const ray = new Float64Array(2);
  let largest = 0;
  const reach = (column: number, row: number): void => {
    const [x, y] = [(column - cx) / fx, (row - cy) / fy];
    // In steps from the middle, as raysOf() does; what has no ray ends it.
    ray.fill(0);
    const steps = 16;
    for (let i = 1; i <= steps; i++) {
      undistort(distortion, (x * i) / steps, (y * i) / steps, ray);
      const r2 = ray[0]! * ray[0]! + ray[1]! * ray[1]!;
      if (Number.isNaN(r2)) return;
      largest = Math.max(largest, r2);
    }
  };
  for (let column = 0; column < width + BORDER_STEP; column += BORDER_STEP) {
    reach(Math.min(column, width) - 0.5, -0.5);
    reach(Math.min(column, width) - 0.5, height - 0.5);
  }
  for (let row = 0; row < height + BORDER_STEP; row += BORDER_STEP) {
    reach(-0.5, Math.min(row, height) - 0.5);
    reach(width - 0.5, Math.min(row, height) - 0.5);
  }
  return ROOM * largest;
}
