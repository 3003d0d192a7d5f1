import type { Outline } from './shapes.js';

/** Position of a shape: rotated by `angle`, scaled by `radius`, then moved to (x, y), all in pixels. */
export interface Pose {
  x: number;
  y: number;
  radius: number;
  angle: number;
}

/**
 * Fills outlines with exact area coverage, clipped to a picture.
 *
 * Each edge adds, per row, the signed area it takes from the cells it crosses; a running sum along the row is
 * then the covered share of every pixel (the accumulation buffer of font-rs). Coverage 128 and above is "inside".
 *
 * The result lies in this object's own buffers and is valid until the next `fill`. The rectangle is even on all
 * sides, so that it consists of whole 2x2 chroma blocks.
 */
export class Coverage {
  /** Bounding rectangle of the shape's visible part; empty (0 x 0) if it is outside. */
  x = 0;
  y = 0;
  width = 0;
  height = 0;
  /** Covered share of each pixel, 0 to 255, row-major, width * height. */
  data = new Uint8Array(0);
  /** Columns that may be covered in each row: from `start[row]` to before `end[row]`, relative to `x`. */
  start = new Int32Array(0);
  end = new Int32Array(0);
  /** Signed area steps of a row; two cells more than the rectangle is wide. */
  #steps = new Float32Array(0);

  constructor(
    readonly pictureWidth: number,
    readonly pictureHeight: number,
  ) {}

  fill(outline: Pick<Outline, 'contours' | 'reach'>, pose: Pose): this {
    this.#frame(pose.x, pose.y, outline.reach * pose.radius);
    if (this.width === 0) return this;
    const cos = Math.cos(pose.angle) * pose.radius;
    const sin = Math.sin(pose.angle) * pose.radius;
    const originX = pose.x - this.x;
    const originY = pose.y - this.y;
    for (const contour of outline.contours) {
      const last = contour.length - 2;
      let fromX = originX + cos * contour[last]! - sin * contour[last + 1]!;
      let fromY = originY + sin * contour[last]! + cos * contour[last + 1]!;
      for (let i = 0; i < contour.length; i += 2) {
        const toX = originX + cos * contour[i]! - sin * contour[i + 1]!;
        const toY = originY + sin * contour[i]! + cos * contour[i + 1]!;
        this.#edge(fromX, fromY, toX, toY);
        fromX = toX;
        fromY = toY;
      }
    }
    this.#sum();
    return this;
  }

  /** Sets the rectangle to the bounds of a disc, and allocates and clears its memory. */
  #frame(x: number, y: number, reach: number): void {
    const left = Math.max(0, Math.floor((x - reach) / 2) * 2);
    const top = Math.max(0, Math.floor((y - reach) / 2) * 2);
    const right = Math.min(this.pictureWidth, Math.ceil((x + reach) / 2) * 2);
    const bottom = Math.min(this.pictureHeight, Math.ceil((y + reach) / 2) * 2);
    const empty = right <= left || bottom <= top;
    this.x = left;
    this.y = top;
    this.width = empty ? 0 : right - left;
    this.height = empty ? 0 : bottom - top;
    const cells = this.height * (this.width + 2);
    if (this.#steps.length < cells) {
      this.#steps = new Float32Array(cells);
      this.data = new Uint8Array(cells);
    }
    if (this.start.length < this.height) {
      this.start = new Int32Array(this.height);
      this.end = new Int32Array(this.height);
    }
    this.#steps.fill(0, 0, cells);
    this.data.fill(0, 0, this.width * this.height);
    this.start.fill(this.width, 0, this.height);
    this.end.fill(0, 0, this.height);
  }

  #edge(x0: number, y0: number, x1: number, y1: number): void {
    if (y0 === y1) return;
    const border = x0 < 0 !== x1 < 0 ? 0 : this.width;
    if (x0 < border !== x1 < border && x0 !== border && x1 !== border) {
      const y = y0 + ((border - x0) * (y1 - y0)) / (x1 - x0);
      this.#edge(x0, y0, border, y);
      this.#edge(border, y, x1, y1);
      return;
    }
    const down = y0 < y1;
    const yFrom = Math.max(0, down ? y0 : y1);
    const yTo = Math.min(this.height, down ? y1 : y0);
    if (yFrom >= yTo) return;
    const slope = (x1 - x0) / (y1 - y0);
    const { width, start, end } = this;
    const steps = this.#steps;
    let x = x0 + (yFrom - y0) * slope;
    for (let row = Math.floor(yFrom); row < yTo; row++) {
      const dy = Math.min(row + 1, yTo) - Math.max(row, yFrom);
      const next = x + slope * dy;
      const area = down ? dy : -dy;
      // Parts left of the rectangle contribute to its coverage; parts right of it do not.
      const left = Math.min(width, Math.max(0, Math.min(x, next)));
      const right = Math.min(width, Math.max(0, Math.max(x, next)));
      x = next;
      const first = Math.floor(left);
      const beyond = Math.ceil(right);
      if (first < start[row]!) start[row] = first;
      if (beyond > end[row]!) end[row] = beyond;
      const cell = row * (width + 2) + first;
      if (beyond <= first + 1) {
        const share = (left + right) / 2 - first;
        steps[cell]! += area * (1 - share);
        steps[cell + 1]! += area * share;
        continue;
      }
      // The edge crosses several cells of the row: a triangle in the first and last, trapezia between.
      const density = area / (right - left);
      const enter = first + 1 - left;
      const leave = right - (beyond - 1);
      let before = 0.5 * density * enter * enter;
      steps[cell]! += before;
      for (let i = 1; i < beyond - first - 1; i++) {
        const upTo = density * (enter + i - 0.5);
        steps[cell + i]! += upTo - before;
        before = upTo;
      }
      const lastCell = area - 0.5 * density * leave * leave;
      steps[cell + beyond - first - 1]! += lastCell - before;
      steps[cell + beyond - first]! += area - lastCell;
    }
  }

  #sum(): void {
    const { width, height, start, end, data } = this;
    const steps = this.#steps;
    for (let row = 0; row < height; row++) {
      const from = start[row]!;
      const to = Math.min(width, end[row]!);
      end[row] = Math.max(from, to);
      let sum = 0;
      for (let column = from; column < to; column++) {
        sum += steps[row * (width + 2) + column]!;
        data[row * width + column] = Math.min(255, Math.abs(sum) * 255 + 0.5);
      }
    }
  }
}
