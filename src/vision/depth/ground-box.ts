import type { DepthKernels } from './kernels.js';

/** Strips into which points are sorted by their first coordinate. */
const STRIPS = 64;
/** Sides of the hull that are shorter than this share of the longest are no face of an object. */
const SHORT = 0.2;
/** Share of the longest side up to which points count as on a side of the rectangle alike. */
const CLOSE = 0.02;

/** A direction in space, of length 1. */
interface Axis {
  readonly x: number;
  readonly y: number;
  readonly z: number;
}

/**
 * The rectangle that fits an object's outline on the ground, of which the camera sees the near side. Keeps its memory.
 *
 * Of all points only the outermost of each of 64 strips are kept, which come in order; their convex hull (Andrew's monotone chain,
 * 1979) has few corners, and a face that is seen is one of its sides. Each side is tried as the rectangle's direction. The smallest
 * rectangle is no criterion: two faces that meet make a triangle, and the rectangle along its third side is just as small. So the one
 * whose sides the near points lie closest to is taken (Zhang, Xu, Dong and Dolan, Efficient L-shape fitting for vehicle detection
 * using laser scanners, 2017: the criterion of closeness).
 */
export class OutlineRectangle {
  /** Direction of the first side, of length 1. */
  directionX = 1;
  directionY = 0;
  /** Bounds along that direction, and along the one that is 90 degrees to its left: (-directionY, directionX). */
  firstMin = 0;
  firstMax = 0;
  secondMin = 0;
  secondMax = 0;
  /** Of each strip the lowest and highest point, and of the first and last strip the outermost: x, y. */
  readonly #low = new Float64Array(2 * STRIPS);
  readonly #high = new Float64Array(2 * STRIPS);
  readonly #outer = new Float64Array(4);
  readonly #sorted = new Float64Array(2 * (2 * STRIPS + 2));
  readonly #hull = new Float64Array(2 * (2 * STRIPS + 3));
  readonly #numbers = new Float64Array(8);
  #from = 0;
  #scale = 0;

  constructor(private readonly kernels?: DepthKernels) {}

  /** Begins anew. @param from, to bounds of the points' first coordinates */
  begin(from: number, to: number): void {
    this.#from = from;
    this.#scale = to > from ? STRIPS / (to - from) : 0;
    for (let i = 1; i < 2 * STRIPS; i += 2) {
      this.#low[i] = Infinity;
      this.#high[i] = -Infinity;
    }
    this.#outer[0] = Infinity;
    this.#outer[2] = -Infinity;
  }

  /**
   * Adds points of space by their coordinates along two axes.
   *
   * @param words `stride` numbers for each point, of which the first three are x, y, z
   * @param from, to indices of the first number, and one past the last
   */
  add(
    words: Float32Array,
    from: number,
    to: number,
    stride: number,
    { x: ax, y: ay, z: az }: Readonly<Axis>,
    { x: bx, y: by, z: bz }: Readonly<Axis>,
  ): void {
    const low = this.#low;
    const high = this.#high;
    const start = this.#from;
    const scale = this.#scale;
    const outer = this.#outer;
    if (this.kernels) {
      const numbers = this.#numbers;
      numbers[0] = start;
      numbers[1] = scale;
      numbers[2] = ax;
      numbers[3] = ay;
      numbers[4] = az;
      numbers[5] = bx;
      numbers[6] = by;
      numbers[7] = bz;
      this.kernels.outline(words, from, to, stride, numbers, low, high, outer);
      return;
    }
    let outX = outer[0]!;
    let outY = outer[1]!;
    let farX = outer[2]!;
    let farY = outer[3]!;
    for (let at = from; at < to; at += stride) {
      const px = words[at]!;
      const py = words[at + 1]!;
      const pz = words[at + 2]!;
      const x = px * ax + py * ay + pz * az;
      const y = px * bx + py * by + pz * bz;
      const share = (x - start) * scale;
      const strip = 2 * (share >= STRIPS ? STRIPS - 1 : share > 0 ? Math.floor(share) : 0);
      if (y < low[strip + 1]!) {
        low[strip] = x;
        low[strip + 1] = y;
      }
      if (y > high[strip + 1]!) {
        high[strip] = x;
        high[strip + 1] = y;
      }
      if (x < outX) {
        outX = x;
        outY = y;
      }
      if (x > farX) {
        farX = x;
        farY = y;
      }
    }
    outer[0] = outX;
    outer[1] = outY;
    outer[2] = farX;
    outer[3] = farY;
  }

  /** Finds the rectangle, its `low` points being the near ones. At least one point must have been added. */
  find(): void {
    const count = this.#convexHull(this.#sortedPoints());
    const hull = this.#hull;
    this.#measure(count, 1, 0);
    if (count < 2) return;
    const longest = Math.max(this.firstMax - this.firstMin, this.secondMax - this.secondMin);
    let best = -Infinity;
    let [bestX, bestY] = [1, 0];
    for (let i = 0; i < count; i++) {
      const j = i + 1 < count ? i + 1 : 0;
      let dx = hull[2 * j]! - hull[2 * i]!;
      let dy = hull[2 * j + 1]! - hull[2 * i + 1]!;
      // Math.hypot() would make objects of its numbers.
      const length = Math.sqrt(dx * dx + dy * dy);
      if (length < SHORT * longest || length === 0) continue;
      dx /= length;
      dy /= length;
      this.#measure(count, dx, dy);
      const closeness = this.#closeness(CLOSE * longest);
      if (closeness > best) {
        best = closeness;
        bestX = dx;
        bestY = dy;
      }
    }
    this.#measure(count, bestX, bestY);
  }

  /** @returns the number of points */
  #sortedPoints(): number {
    const points = this.#sorted;
    const low = this.#low;
    const high = this.#high;
    const outer = this.#outer;
    points[0] = outer[0]!;
    points[1] = outer[1]!;
    let at = 2;
    for (let i = 0; i < 2 * STRIPS; i += 2) {
      if (low[i + 1] === Infinity) continue;
      const first = low[i]! <= high[i]! ? low : high;
      const second = first === low ? high : low;
      points[at] = first[i]!;
      points[at + 1] = first[i + 1]!;
      points[at + 2] = second[i]!;
      points[at + 3] = second[i + 1]!;
      at += 4;
    }
    points[at] = outer[2]!;
    points[at + 1] = outer[3]!;
    return at / 2 + 1;
  }

  /** @returns the number of corners in #hull */
  #convexHull(count: number): number {
    const points = this.#sorted;
    const hull = this.#hull;
    let used = 0;
    for (let pass = 0; pass < 2; pass++) {
      const least = used + (pass === 0 ? 2 : 1);
      for (let k = 0; k < count; k++) {
        const i = pass === 0 ? k : count - 1 - k;
        const x = points[2 * i]!;
        const y = points[2 * i + 1]!;
        while (used >= least && !this.#turnsLeft(used, x, y)) used--;
        if (used > 0 && hull[2 * used - 2] === x && hull[2 * used - 1] === y) continue;
        hull[2 * used] = x;
        hull[2 * used++ + 1] = y;
      }
    }
    // The last is the first again.
    return used > 1 && hull[0] === hull[2 * used - 2] && hull[1] === hull[2 * used - 1] ? used - 1 : used;
  }

  #turnsLeft(used: number, x: number, y: number): boolean {
    const hull = this.#hull;
    const ax = hull[2 * used - 4]!;
    const ay = hull[2 * used - 3]!;
    const bx = hull[2 * used - 2]!;
    const by = hull[2 * used - 1]!;
    return (bx - ax) * (y - ay) - (by - ay) * (x - ax) > 0;
  }

  /** How close the near points lie to the rectangle's sides: the sum of 1 / distance. */
  #closeness(least: number): number {
    const low = this.#low;
    const { directionX: dx, directionY: dy, firstMin, firstMax, secondMin, secondMax } = this;
    let sum = 0;
    for (let i = 0; i < 2 * STRIPS; i += 2) {
      const x = low[i]!;
      const y = low[i + 1]!;
      if (y === Infinity) continue;
      const first = x * dx + y * dy;
      const second = -x * dy + y * dx;
      const distance = Math.min(first - firstMin, firstMax - first, second - secondMin, secondMax - second);
      sum += 1 / Math.max(distance, least);
    }
    return sum;
  }

  #measure(count: number, dx: number, dy: number): void {
    const hull = this.#hull;
    let a = Infinity;
    let b = -Infinity;
    let c = Infinity;
    let d = -Infinity;
    for (let i = 0; i < count; i++) {
      const first = hull[2 * i]! * dx + hull[2 * i + 1]! * dy;
      const second = -hull[2 * i]! * dy + hull[2 * i + 1]! * dx;
      if (first < a) a = first;
      if (first > b) b = first;
      if (second < c) c = second;
      if (second > d) d = second;
    }
    this.firstMin = a;
    this.firstMax = b;
    this.secondMin = c;
    this.secondMax = d;
    this.directionX = dx;
    this.directionY = dy;
  }
}
