/**
 * Distortion of a lens, as OpenCV's calib3d and sensor_msgs/CameraInfo have it (`plumb_bob`, `rational_polynomial`): a ray (x, y, 1) is
 * seen at x' = x q + 2 p1 x y + p2 (r² + 2 x²), y' = y q + p1 (r² + 2 y²) + 2 p2 x y, where r² = x² + y² and
 * q = (1 + k1 r² + k2 r⁴ + k3 r⁶) / (1 + k4 r² + k5 r⁴ + k6 r⁶).
 */
export interface Distortion {
  readonly k1: number;
  readonly k2: number;
  readonly p1: number;
  readonly p2: number;
  readonly k3: number;
  readonly k4: number;
  readonly k5: number;
  readonly k6: number;
}

/** Coefficients in the order of CameraInfo's D. */
export const COEFFICIENTS = ['k1', 'k2', 'p1', 'p2', 'k3', 'k4', 'k5', 'k6'] as const;

/** Names of the distortion models that are understood, of sensor_msgs/distortion_models. */
export const DISTORTION_MODELS: readonly string[] = ['plumb_bob', 'rational_polynomial'];

/**
 * @param model as CameraInfo's distortion_model names it
 * @param d its coefficients; missing ones are 0. Their number decides, not the model's name, as in OpenCV and image_geometry: drivers write
 * eight under the name plumb_bob, too
 *
 * @returns undefined for another model, for more than 8 coefficients, and for those that are no numbers
 */
export function distortionOf(model: string, d: readonly number[]): Distortion | undefined {
  if (model !== '' && !DISTORTION_MODELS.includes(model)) return undefined;
  if (d.slice(COEFFICIENTS.length).some((value) => value !== 0)) return undefined;
  if (!d.every((value) => Number.isFinite(value))) return undefined;
  const [k1 = 0, k2 = 0, p1 = 0, p2 = 0, k3 = 0, k4 = 0, k5 = 0, k6 = 0] = d;
  return { k1, k2, p1, p2, k3, k4, k5, k6 };
}

/** Where a ray is seen: x', y' into `target`. */
export function distort(d: Distortion, x: number, y: number, target: Float64Array): void {
  const xx = x * x;
  const yy = y * y;
  const r2 = xx + yy;
  const q = (1 + r2 * (d.k1 + r2 * (d.k2 + r2 * d.k3))) / (1 + r2 * (d.k4 + r2 * (d.k5 + r2 * d.k6)));
  const xy = 2 * x * y;
  target[0] = x * q + d.p1 * xy + d.p2 * (r2 + 2 * xx);
  target[1] = y * q + d.p1 * (r2 + 2 * yy) + d.p2 * xy;
}

/** Steps of Newton's method, which doubles the digits with each. */
const MOST_STEPS = 20;
/** In units of the focal length: a hundred-thousandth of a pixel. */
const EXACT = 1e-8;
const MOVED = 1e-6;

const seen = new Float64Array(2);
const besideX = new Float64Array(2);
const besideY = new Float64Array(2);

/**
 * The ray that is seen at x', y': the inverse of distort(), by Newton's method from `ray`. NaN if there is none: beyond some radius the
 * polynomials turn back, and pixels there show what no coefficients describe.
 *
 * @param ray a guess, and the result
 */
export function undistort(d: Distortion, x: number, y: number, ray: Float64Array): void {
  for (let step = 0; step < MOST_STEPS; step++) {
    const [u, v] = [ray[0]!, ray[1]!];
    distort(d, u, v, seen);
    const ex = x - seen[0]!;
    const ey = y - seen[1]!;
    distort(d, u + MOVED, v, besideX);
    distort(d, u, v + MOVED, besideY);
    const a = (besideX[0]! - seen[0]!) / MOVED;
    const b = (besideY[0]! - seen[0]!) / MOVED;
    const c = (besideX[1]! - seen[1]!) / MOVED;
    const e = (besideY[1]! - seen[1]!) / MOVED;
    const determinant = a * e - b * c;
    // What is turned inside out lies beyond the radius where the polynomials turn back.
    if (!(determinant > 1e-3) || !(a > 0) || !(e > 0)) break;
    if (Math.abs(ex) < EXACT && Math.abs(ey) < EXACT) return;
    ray[0] = u + (e * ex - b * ey) / determinant;
    ray[1] = v + (a * ey - c * ex) / determinant;
  }
  ray.fill(NaN);
}
