import type { PictureSize } from '../picture/picture-size.js';
import type { Segmentation } from '../mask/segmentation.js';
import { Candidates } from './candidates.js';
import { type DepthPicture, unitOf } from './depth-picture.js';
import { DEFAULT_GATE, DepthGate, type GateOptions } from './gate.js';
import { OutlineRectangle } from './ground-box.js';
import { type Intrinsics, scaledTo } from './intrinsics.js';
import { type DepthKernels, PLACE } from './kernels.js';
import { LabelMap } from './label-map.js';
import { emptyObject, type Measured, type ObjectInSpace, setCovariance } from './measured-object.js';
import { Projection } from './projection.js';
import { RayTable } from './ray-table.js';
import type { RigidTransform } from './rigid-transform.js';
import {
  type Axes,
  combine,
  flatness,
  nearOf,
  orient,
  setAxes,
  setOrientation,
  type Vector,
} from './upright.js';

export type { ObjectInSpace } from './measured-object.js';
export type { Vector } from './upright.js';

export interface SpaceOptions {
  /** Every so many pixels of a row, and every so many rows. @default defaultStep() */
  readonly step?: number | undefined;
  /** Pixels along the edge of a mask that are left out. @default 2 */
  readonly band?: number | undefined;
  /** Fewer points are no object. @default 12 */
  readonly leastPoints?: number | undefined;
  readonly gate?: GateOptions | undefined;
  /** Upward, in the depth camera's optical frame; length 1. @default (0, -1, 0): the camera is level */
  readonly up?: Readonly<Vector> | undefined;
}

/** About how many pixels of a picture are looked at: more would tell no more about where objects are, and cost more. */
const LOOKED_AT = 57_600;

/** The step where none is given: 2 for 640x352, 4 for 1280x720. */
export function defaultStep({ width, height }: PictureSize): number {
  return Math.max(1, Math.round(Math.sqrt((width * height) / LOOKED_AT)));
}

/** How the depth picture lies to the color picture that was segmented. */
export type Registration =
  | { readonly kind: 'registered' }
  | {
      readonly kind: 'projected';
      /** The color camera. */
      readonly color: Intrinsics;
      /** Takes points of the depth camera's optical frame to the color camera's. */
      readonly toColor: RigidTransform;
    };

export const REGISTERED: Registration = { kind: 'registered' };

/** Numbers of a point of the cloud: x, y, z, and what the caller wrote about its instance (`tags`). */
export const POINT_WORDS = 7;
const TAGS = POINT_WORDS - 3;

const LEVEL: Vector = { x: 0, y: -1, z: 0 };

/**
 * Measures the instances of a frame in space: their points, centers and boxes. Keeps its memory: results are valid until the next call.
 *
 * **The box turns about the vertical only.** The alternative, the principal axes of the points (PCA), fits what is seen, not the object:
 * a camera sees one or two faces of a thing, whose principal axes lie along their diagonal; and of a thing that is nearly square or
 * round they turn with the noise. Things on the ground stand upright, and costmaps, grasps and trackers ask for a heading and a
 * footprint. So the box is the rectangle that fits the outline on the ground, along a face where there is one, times the height. Where
 * the camera is tilted, `up` says which way is up (gravity, from tf).
 *
 * **The edge band** is left out, because masks are off by a pixel there, and depths mix near and far. The size is corrected for it: each
 * side of the box moves outward by the width of the band on the plane that fits the object.
 */
export class SpaceMeasurer {
  readonly map: LabelMap;
  readonly #candidates: Candidates;
  readonly #gate = new DepthGate();
  readonly #rectangle: OutlineRectangle;
  readonly #projection = new Projection();
  readonly #table = new RayTable();
  readonly #pool: Measured[] = [];
  readonly #objects: Measured[] = [];
  #words = new Float32Array(POINT_WORDS << 10);
  #ints = new Uint32Array(this.#words.buffer);
  #points = 0;
  readonly #axes: Axes = {
    right: { x: 1, y: 0, z: 0 },
    away: { x: 0, y: 0, z: 1 },
    up: { x: 0, y: -1, z: 0 },
  };
  /** Of the points of an object: x, y, z, their products, and bounds to the right and upward. */
  readonly #sums = new Float64Array(13);
  readonly #placement = new Float64Array(PLACE.length);

  /** @param kernels inner loops in C++; undefined: the TypeScript forms */
  constructor(private readonly kernels?: DepthKernels) {
    this.map = new LabelMap(kernels);
    this.#candidates = new Candidates(kernels);
    this.#rectangle = new OutlineRectangle(kernels);
  }

  /** One for each instance, in its order. */
  get objects(): readonly ObjectInSpace[] {
    return this.#objects;
  }

  /** POINT_WORDS numbers for each point of the cloud. */
  get cloud(): Float32Array {
    return this.#words.subarray(0, POINT_WORDS * this.#points);
  }

  get points(): number {
    return this.#points;
  }

  /**
   * @param camera the depth camera
   * @param tags four numbers of 32 bits for each instance, which are copied to each of its points
   */
  measure(
    segmentation: Segmentation,
    depth: DepthPicture,
    camera: Intrinsics,
    registration: Registration,
    options: SpaceOptions = {},
    tags: Uint32Array = NO_TAGS,
  ): readonly ObjectInSpace[] {
    const { step = defaultStep(depth), band = 2 } = options;
    const own = scaledTo(camera, depth);
    const { map } = this;
    const rays = this.#table.of(own);
    if (registration.kind === 'registered') {
      map.paint(segmentation, depth.width, depth.height, band);
      this.#candidates.collect(depth, map, step, band);
    } else {
      const { maskWidth: width, maskHeight: height } = segmentation;
      const color = scaledTo(registration.color, { width, height });
      // A wrong focal length must not ask for a band wider than the picture.
      const cells = Math.min(width + height, Math.ceil((band * color.fx) / own.fx));
      map.paint(segmentation, width, height, cells);
      const numbers = this.#projection.between(own, color, registration.toColor, unitOf(depth.data));
      this.#candidates.project(depth, map, step, band, rays, numbers);
    }
    this.#points = 0;
    this.#objects.length = 0;
    for (let i = 0; i < map.count; i++) {
      const object = (this.#pool[i] ??= emptyObject());
      object.instance = i;
      this.#measure(i, object, own, rays, registration, step, options, tags);
      this.#objects.push(object);
    }
    return this.#objects;
  }

  #measure(
    index: number,
    object: Measured,
    camera: Intrinsics,
    rays: Float32Array,
    registration: Registration,
    step: number,
    options: SpaceOptions,
    tags: Uint32Array,
  ): void {
    const { leastPoints = 12, gate: gateOptions = DEFAULT_GATE, up = LEVEL } = options;
    const { depths, ends, seen, border } = this.#candidates;
    const from = ends[index]!;
    const to = ends[index + 1]!;
    const first = this.#points;
    object.firstPoint = first;
    object.points = 0;
    object.coverage = 0;
    if (to - from < leastPoints) return;
    const gate = this.#gate;
    gate.set(depths, from, to, gateOptions);
    this.#reserve(to - from);
    setAxes(this.#axes, up);
    const sums = this.#sums;
    const count = this.#place(from, to, camera, rays, index, tags);
    if (count < leastPoints) return;
    this.#points += count;
    object.points = count;
    const mx = sums[0]! / count;
    const my = sums[1]! / count;
    const mz = sums[2]! / count;
    const { centroid } = object;
    centroid.x = mx;
    centroid.y = my;
    centroid.z = mz + gate.median;
    object.distance = Math.hypot(mx, my, centroid.z);
    object.nearest = gate.near;
    object.coverage = Math.min(1, seen[index]! > 0 ? count / seen[index]! : 0);
    const spread = {
      xx: sums[3]! / count - mx * mx,
      xy: sums[4]! / count - mx * my,
      xz: sums[5]! / count - mx * mz,
      yy: sums[6]! / count - my * my,
      yz: sums[7]! / count - my * mz,
      zz: sums[8]! / count - mz * mz,
    };
    setCovariance(object, spread, count * step * step);
    object.area = this.#areaOf(index, object, camera, registration);
    this.#box(object, first, count, up, border / camera.fx, border / camera.fy);
  }

  /**
   * Puts the candidates that pass the gate into the cloud, and sums up what is needed of them.
   *
   * @returns their number
   */
  #place(
    from: number,
    to: number,
    { width, fx, fy, cx, cy }: Intrinsics,
    rays: Float32Array,
    index: number,
    tags: Uint32Array,
  ): number {
    const { pixels, depths } = this.#candidates;
    const { low, high, median } = this.#gate;
    const words = this.#words;
    const ints = this.#ints;
    const { right, up } = this.#axes;
    const { x: rx, y: ry, z: rz } = right;
    const { x: ux, y: uy, z: uz } = up;
    const ix = 1 / fx;
    const iy = 1 / fy;
    if (this.kernels) {
      const numbers = this.#placement;
      numbers[PLACE.cx] = cx;
      numbers[PLACE.cy] = cy;
      numbers[PLACE.ix] = ix;
      numbers[PLACE.iy] = iy;
      numbers[PLACE.low] = low;
      numbers[PLACE.high] = high;
      numbers[PLACE.median] = median;
      numbers[PLACE.rightX] = rx;
      numbers[PLACE.rightY] = ry;
      numbers[PLACE.rightZ] = rz;
      numbers[PLACE.upX] = ux;
      numbers[PLACE.upY] = uy;
      numbers[PLACE.upZ] = uz;
      const at = POINT_WORDS * this.#points;
      return this.kernels.place(
        this.#candidates,
        from,
        to,
        width,
        rays,
        numbers,
        tags,
        TAGS * index,
        words,
        at,
        this.#sums,
      );
    }
    const distorted = rays.length > 0;
    const t = TAGS * index;
    const tag0 = tags[t] ?? 0;
    const tag1 = tags[t + 1] ?? 0;
    const tag2 = tags[t + 2] ?? 0;
    const tag3 = tags[t + 3] ?? 0;
    const first = POINT_WORDS * this.#points;
    let at = first;
    let sx = 0;
    let sy = 0;
    let sz = 0;
    let sxx = 0;
    let sxy = 0;
    let sxz = 0;
    let syy = 0;
    let syz = 0;
    let szz = 0;
    let left = Infinity;
    let rightmost = -Infinity;
    let bottom = Infinity;
    let top = -Infinity;
    for (let i = from; i < to; i++) {
      const z = depths[i]!;
      if (z < low || z > high) continue;
      const pixel = pixels[i]!;
      const column = pixel & 0xffff;
      const row = pixel >>> 16;
      let x: number;
      let y: number;
      if (distorted) {
        const ray = 2 * (row * width + column);
        x = rays[ray]! * z;
        y = rays[ray + 1]! * z;
        // No ray: what is seen there is beyond what the coefficients describe.
        if (Number.isNaN(x)) continue;
      } else {
        x = (column - cx) * ix * z;
        y = (row - cy) * iy * z;
      }
      words[at] = x;
      words[at + 1] = y;
      words[at + 2] = z;
      ints[at + 3] = tag0;
      ints[at + 4] = tag1;
      ints[at + 5] = tag2;
      ints[at + 6] = tag3;
      at += POINT_WORDS;
      // Relative to the median, so that the squares are exact enough.
      const dz = z - median;
      sx += x;
      sy += y;
      sz += dz;
      sxx += x * x;
      sxy += x * y;
      sxz += x * dz;
      syy += y * y;
      syz += y * dz;
      szz += dz * dz;
      const a = x * rx + y * ry + z * rz;
      const h = x * ux + y * uy + z * uz;
      if (a < left) left = a;
      if (a > rightmost) rightmost = a;
      if (h < bottom) bottom = h;
      if (h > top) top = h;
    }
    const sums = this.#sums;
    sums[0] = sx;
    sums[1] = sy;
    sums[2] = sz;
    sums[3] = sxx;
    sums[4] = sxy;
    sums[5] = sxz;
    sums[6] = syy;
    sums[7] = syz;
    sums[8] = szz;
    sums[9] = left;
    sums[10] = rightmost;
    sums[11] = bottom;
    sums[12] = top;
    return (at - first) / POINT_WORDS;
  }

  /** All pixels of the mask, each as large as it is at the object's distance. */
  #areaOf(index: number, { centroid }: Measured, camera: Intrinsics, registration: Registration): number {
    const { cells } = this.map.full[index]!;
    const { fx, fy } =
      registration.kind === 'registered'
        ? camera
        : scaledTo(registration.color, { width: this.map.width, height: this.map.height });
    return (cells * centroid.z * centroid.z) / (fx * fy);
  }

  /**
   * @param edgeX, edgeY by how much the points lie within the object's edge, across, at a distance of 1
   */
  #box(
    object: Measured,
    first: number,
    count: number,
    up: Readonly<Vector>,
    edgeX: number,
    edgeY: number,
  ): void {
    const { right, away } = this.#axes;
    const sums = this.#sums;
    const bottom = sums[11]!;
    const top = sums[12]!;
    const rectangle = this.#rectangle;
    rectangle.begin(sums[9]!, sums[10]!);
    const end = POINT_WORDS * (first + count);
    rectangle.add(this.#words, POINT_WORDS * first, end, POINT_WORDS, right, away);
    rectangle.find();
    orient(rectangle);
    const { directionX: dx, directionY: dy } = rectangle;
    // x away from the camera, y to its left, z up. The rectangle's second side lies 90 degrees from the first, from right to away.
    const axisX = combine(right, away, dx, dy);
    const axisY = combine(right, away, -dy, dx);
    const { firstMin, firstMax, secondMin, secondMax } = rectangle;
    const middle = (bottom + top) / 2;
    const depthAt = (a: number, b: number): number => axisX.z * a + axisY.z * b + up.z * middle;
    // The faces that the camera may see, by their distance from it; 0: it looks past both.
    const front = nearOf(firstMin, firstMax);
    const side = nearOf(secondMin, secondMax);
    const corner = edgeX * Math.max(0, depthAt(front, side));
    const sideSeen = side !== 0 && firstMax - firstMin > corner * flatness(corner / edgeX, side);
    const frontSeen = front !== 0 && secondMax - secondMin > corner * flatness(corner / edgeX, front);
    // Where two faces meet there is no edge of the mask, and no band.
    const room = (a: number, b: number, face: number): number => {
      const z = Math.max(0, depthAt(a, b));
      return edgeX * z * flatness(z, face);
    };
    const back = sideSeen && !frontSeen ? firstMin - room(firstMin, side, side) : firstMin;
    const fore = sideSeen ? firstMax + room(firstMax, side, side) : firstMax;
    const openMin = frontSeen && !(sideSeen && side > 0);
    const openMax = frontSeen && !(sideSeen && side < 0);
    const one = openMin ? secondMin - room(front, secondMin, front) : secondMin;
    const other = openMax ? secondMax + room(front, secondMax, front) : secondMax;
    const a = depthAt(back, one);
    const b = depthAt(back, other);
    const c = depthAt(fore, one);
    const d = depthAt(fore, other);
    const nearest = Math.max(object.nearest / 2, Math.min(a, b, c, d));
    const ratio = nearest / Math.max(nearest, a, b, c, d);
    const above = riseOf(-top, edgeY, nearest, ratio);
    const below = riseOf(bottom, edgeY, nearest, ratio);
    const { size, center, orientation } = object;
    size.x = fore - back;
    size.y = other - one;
    size.z = top - bottom + above + below;
    const ca = (back + fore) / 2;
    const cb = (one + other) / 2;
    const ch = middle + (above - below) / 2;
    center.x = axisX.x * ca + axisY.x * cb + up.x * ch;
    center.y = axisX.y * ca + axisY.y * cb + up.y * ch;
    center.z = axisX.z * ca + axisY.z * cb + up.z * ch;
    setOrientation(orientation, axisX, axisY, up);
  }

  #reserve(points: number): void {
    const needed = POINT_WORDS * (this.#points + points);
    if (this.#words.length >= needed) return;
    const larger = new Float32Array(2 * needed);
    larger.set(this.#words.subarray(0, POINT_WORDS * this.#points));
    this.#words = larger;
    this.#ints = new Uint32Array(larger.buffer);
  }
}

/**
 * The distance in meters by which a box extends above its highest point, or below its lowest. If the upper face is visible, the edge band
 * that was left out covers that face first, which adds no height; only the rest of the band lies on the front.
 *
 * @param beyond meters by which the camera is higher than the upper face; negative: the face is not visible
 * @param edge width of the band at a distance of 1
 * @param nearest depth of the front
 * @param ratio depth of the front divided by that of the back
 */
function riseOf(beyond: number, edge: number, nearest: number, ratio: number): number {
  const face = Math.max(0, beyond) * (1 - ratio);
  return Math.max(0, edge * nearest - face);
}

const NO_TAGS = new Uint32Array(0);
