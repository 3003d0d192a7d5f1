import type { OutlineRectangle } from './ground-box.js';

/** A point or a direction. */
export interface Vector {
  x: number;
  y: number;
  z: number;
}

/** Limit of z over a face's distance: of a face that is seen flatter, no edge can be made out. */
const FLATTEST = 4;

const FORWARD: Vector = { x: 0, y: 0, z: 1 };

/** Of two parallel faces the one that a camera at 0 may see; 0: it lies between them. */
export function nearOf(min: number, max: number): number {
  return min > 0 ? min : max < 0 ? max : 0;
}

/**
 * How much more of a face a pixel takes than the z / f of one that faces the camera: z over the face's distance, which is
 * perpendicular to it.
 */
export function flatness(z: number, face: number): number {
  return Math.min(FLATTEST, z / Math.abs(face));
}

/** Turns the rectangle by quarters until its first side points away from the camera, so that the box's heading lies within 45 degrees. */
export function orient(rectangle: OutlineRectangle): void {
  for (let turns = 0; turns < 4; turns++) {
    const { directionX: x, directionY: y } = rectangle;
    if (y >= Math.abs(x)) return;
    const { firstMin, firstMax, secondMin, secondMax } = rectangle;
    rectangle.directionX = -y;
    rectangle.directionY = x;
    rectangle.firstMin = secondMin;
    rectangle.firstMax = secondMax;
    rectangle.secondMin = -firstMax;
    rectangle.secondMax = -firstMin;
  }
}

/** Two horizontal axes, to the right and away from the camera, and up. */
export interface Axes {
  right: Vector;
  away: Vector;
  up: Readonly<Vector>;
}

/** Sets the axes for the direction that is up; of length 1, in the camera's optical frame. */
export function setAxes(axes: Axes, up: Readonly<Vector>): void {
  if (axes.up.x === up.x && axes.up.y === up.y && axes.up.z === up.z) return;
  let right = cross(FORWARD, up);
  let length = Math.hypot(right.x, right.y, right.z);
  if (length < 1e-3) {
    // It looks straight up or down: taken as if it had been tilted there from level, forward or backward.
    right = cross({ x: 0, y: Math.sign(up.z), z: 0 }, up);
    length = Math.hypot(right.x, right.y, right.z);
  }
  axes.right = { x: right.x / length, y: right.y / length, z: right.z / length };
  axes.away = cross(up, axes.right);
  axes.up = { x: up.x, y: up.y, z: up.z };
}

function cross(a: Readonly<Vector>, b: Readonly<Vector>): Vector {
  return { x: a.y * b.z - a.z * b.y, y: a.z * b.x - a.x * b.z, z: a.x * b.y - a.y * b.x };
}

/** p times a and q times b. */
export function combine(a: Vector, b: Vector, p: number, q: number): Vector {
  return { x: p * a.x + q * b.x, y: p * a.y + q * b.y, z: p * a.z + q * b.z };
}

/** The quaternion of a rotation by its columns (Shepperd's method). */
export function setOrientation(
  target: Vector & { w: number },
  x: Readonly<Vector>,
  y: Readonly<Vector>,
  z: Readonly<Vector>,
): void {
  const trace = x.x + y.y + z.z;
  if (trace > 0) {
    const s = 2 * Math.sqrt(1 + trace);
    target.w = s / 4;
    target.x = (y.z - z.y) / s;
    target.y = (z.x - x.z) / s;
    target.z = (x.y - y.x) / s;
  } else if (x.x > y.y && x.x > z.z) {
    const s = 2 * Math.sqrt(1 + x.x - y.y - z.z);
    target.w = (y.z - z.y) / s;
    target.x = s / 4;
    target.y = (y.x + x.y) / s;
    target.z = (z.x + x.z) / s;
  } else if (y.y > z.z) {
    const s = 2 * Math.sqrt(1 + y.y - x.x - z.z);
    target.w = (z.x - x.z) / s;
    target.x = (y.x + x.y) / s;
    target.y = s / 4;
    target.z = (z.y + y.z) / s;
  } else {
    const s = 2 * Math.sqrt(1 + z.z - x.x - y.y);
    target.w = (x.y - y.x) / s;
    target.x = (z.x + x.z) / s;
    target.y = (z.y + y.z) / s;
    target.z = s / 4;
  }
}
