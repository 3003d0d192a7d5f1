import { type DepthPicture, mostOf, unitOf } from './depth-picture.js';
import type { Intrinsics } from './intrinsics.js';
import type { LabelMap } from './label-map.js';

/** A row in a pixel's number: pictures have up to 16384 columns. */
const ROW = 1 << 16;

/** Pixels of the depth picture that show instances, one instance after the other. Keeps its memory from frame to frame. */
export class Candidates {
  /** Row of the depth picture in the upper 16 bits and column in the lower ones; and meters. */
  pixels = new Uint32Array(1 << 12);
  depths = new Float32Array(1 << 12);
  /** For instance i, `ends[i]` is its first, and `ends[i + 1]` one past its last. */
  ends = new Int32Array(1 << 5);
  /** Of each instance, how many pixels were looked at: those without a measurement included. */
  seen = new Float64Array(1 << 5);
  /** Pixels of the depth picture by which the outermost points may lie within the object's edge. */
  border = 0;
  readonly #near = new NearestCells();
  #found = new Uint32Array(0);
  #foundDepths = new Float32Array(0);
  #foundCells = new Int32Array(0);
  #foundLabels = new Uint16Array(0);

  /**
   * Every step-th pixel of every step-th row of each instance's inner cells, and the last of each run and the last row, so that the
   * cloud has the object's outline.
   *
   * @param map of the depth picture's size
   */
  collect({ data, width }: DepthPicture, map: LabelMap, step: number, band: number): void {
    const { labels, count } = map;
    const unit = unitOf(data);
    const most = mostOf(data);
    this.#begin(count);
    this.border = band + 0.5;
    let used = 0;
    for (let i = 0; i < count; i++) {
      const { top, bottom, ends, edges } = map.inner[i]!;
      let seen = 0;
      for (let row = top; row < bottom; row = nextOf(row, bottom, step)) {
        const at = row * width;
        const to = ends[row - top + 1]!;
        for (let k = ends[row - top]!; k < to; k += 2) {
          const last = edges[k + 1]!;
          if (used + last - edges[k]! > this.pixels.length) this.#grow(used + last - edges[k]!);
          const { pixels, depths } = this;
          for (let x = edges[k]!; x < last; x = nextOf(x, last, step)) {
            if (labels[at + x] !== i + 1) continue;
            seen++;
            const value = data[at + x]!;
            if (!(value > 0 && value <= most)) continue;
            pixels[used] = row * ROW + x;
            depths[used++] = value * unit;
          }
        }
      }
      this.seen[i] = seen;
      this.ends[i + 1] = used;
    }
  }

  /**
   * The same for a depth picture of another camera: its pixels are taken to the color camera's frame and picture, and belong to the
   * instance that they come to lie on. What the color camera cannot see, because something nearer lies on the same cells, is left out.
   *
   * @param map on a grid that covers the color picture
   * @param depthCamera of the depth picture's size
   * @param colorCamera scaled to the grid
   * @param toColor rotation row by row, and translation, from the depth camera's frame to the color camera's
   */
  project(
    { data, width, height }: DepthPicture,
    map: LabelMap,
    step: number,
    band: number,
    depthCamera: Intrinsics,
    colorCamera: Intrinsics,
    toColor: Float64Array,
  ): void {
    const { labels, count } = map;
    const unit = unitOf(data);
    const most = mostOf(data);
    this.#begin(count);
    this.border = band + 0.5 + (step - 1) / 2;
    // As many cells as a step of the depth picture takes, so that no cell lies between its pixels; and some to spare.
    const side = Math.min(MOST_SIDE, Math.max(4, Math.ceil((3 * step * colorCamera.fx) / depthCamera.fx)));
    const near = this.#near;
    near.begin(map.width, map.height, side);
    const lattice = (Math.floor(width / step) + 1) * (Math.floor(height / step) + 1);
    if (this.#found.length < lattice) {
      this.#found = new Uint32Array(lattice);
      this.#foundDepths = new Float32Array(lattice);
      this.#foundCells = new Int32Array(lattice);
      this.#foundLabels = new Uint16Array(lattice);
    }
    const [m0, m1, m2, m3, m4, m5, m6, m7, m8, tx, ty, tz] = toColor as unknown as number[];
    let found = 0;
    for (let y = 0; y < height; y += step) {
      const ry = (y - depthCamera.cy) / depthCamera.fy;
      for (let x = 0; x < width; x += step) {
        const value = data[y * width + x]!;
        if (!(value > 0 && value <= most)) continue;
        const z = value * unit;
        const rx = (x - depthCamera.cx) / depthCamera.fx;
        const cz = (m6! * rx + m7! * ry + m8!) * z + tz!;
        if (cz <= 0) continue;
        const cx = (m0! * rx + m1! * ry + m2!) * z + tx!;
        const cy = (m3! * rx + m4! * ry + m5!) * z + ty!;
        const column = Math.floor((colorCamera.fx * cx) / cz + colorCamera.cx + 0.5);
        const row = Math.floor((colorCamera.fy * cy) / cz + colorCamera.cy + 0.5);
        if (column < 0 || row < 0 || column >= map.width || row >= map.height) continue;
        const cell = row * map.width + column;
        const where = near.meet(column, row, cz);
        const label = labels[cell]!;
        if (label === 0) continue;
        this.#found[found] = y * ROW + x;
        this.#foundDepths[found] = z;
        this.#foundCells[found] = where;
        this.#foundLabels[found] = near.hidden(where, cz) ? 0 : label;
        near.keep(found, cz);
        found++;
      }
    }
    this.#sort(found, count);
    const pixelsOfCell = (depthCamera.fx * depthCamera.fy) / (colorCamera.fx * colorCamera.fy * step * step);
    for (let i = 0; i < count; i++) this.seen[i] = map.inner[i]!.cells * pixelsOfCell;
  }

  /** Groups what was found by instance, without what is hidden. */
  #sort(found: number, count: number): void {
    const { ends } = this;
    const labels = this.#foundLabels;
    for (let i = 0; i < found; i++) {
      if (labels[i] !== 0 && this.#near.hidden(this.#foundCells[i]!, this.#near.of(i))) labels[i] = 0;
    }
    for (let i = 0; i < found; i++) if (labels[i] !== 0) ends[labels[i]!]!++;
    for (let i = 0; i < count; i++) ends[i + 1]! += ends[i]!;
    const total = ends[count]!;
    if (this.pixels.length < total) this.#grow(total);
    // From behind, so that the order stays: ends[label] runs down to the first of its instance.
    for (let i = found - 1; i >= 0; i--) {
      const label = labels[i]!;
      if (label === 0) continue;
      const at = --ends[label]!;
      this.pixels[at] = this.#found[i]!;
      this.depths[at] = this.#foundDepths[i]!;
    }
    ends.copyWithin(0, 1, count + 1);
    ends[count] = total;
  }

  #begin(count: number): void {
    if (this.ends.length < count + 1) {
      this.ends = new Int32Array(2 * (count + 1));
      this.seen = new Float64Array(2 * (count + 1));
    }
    this.ends.fill(0, 0, count + 1);
  }

  #grow(needed: number): void {
    const pixels = new Uint32Array(2 * needed);
    pixels.set(this.pixels);
    this.pixels = pixels;
    const depths = new Float32Array(2 * needed);
    depths.set(this.depths);
    this.depths = depths;
  }
}

/** The next of every step-th, and the last one before `end`. */
function nextOf(at: number, end: number, step: number): number {
  return at + step < end || at === end - 1 ? at + step : end - 1;
}

/** Cells of a square's side: as wide as pictures are. */
const MOST_SIDE = 1 << 14;
/** Share, and meters, by which something must lie behind what is in front of it to be hidden. */
const BEHIND = 1.05;
const BEHIND_AT_LEAST = 0.05;

/** The nearest depth that came to lie on each square of a grid. */
class NearestCells {
  #nearest = new Float32Array(0);
  #depths = new Float32Array(0);
  #columns = 0;
  #shift = 2;

  begin(width: number, height: number, side: number): void {
    this.#shift = Math.ceil(Math.log2(side));
    this.#columns = (width >> this.#shift) + 1;
    const cells = this.#columns * ((height >> this.#shift) + 1);
    if (this.#nearest.length < cells) this.#nearest = new Float32Array(cells);
    this.#nearest.fill(Infinity, 0, cells);
  }

  /** @returns the square */
  meet(column: number, row: number, depth: number): number {
    const at = (row >> this.#shift) * this.#columns + (column >> this.#shift);
    if (depth < this.#nearest[at]!) this.#nearest[at] = depth;
    return at;
  }

  hidden(at: number, depth: number): boolean {
    return depth > this.#nearest[at]! * BEHIND + BEHIND_AT_LEAST;
  }

  keep(index: number, depth: number): void {
    if (index >= this.#depths.length) {
      const larger = new Float32Array(Math.max(1 << 12, 2 * index));
      larger.set(this.#depths);
      this.#depths = larger;
    }
    this.#depths[index] = depth;
  }

  of(index: number): number {
    return this.#depths[index]!;
  }
}
