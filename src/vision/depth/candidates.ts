import { type DepthPicture, mostOf, unitOf } from './depth-picture.js';
import { type DepthKernels, type GroupedMemory, type NearestMemory, PROJECT } from './kernels.js';
import type { LabelMap } from './label-map.js';
import { Projector } from './projection.js';

/** A row in a pixel's number: pictures have up to 16384 columns. */
const ROW = 1 << 16;

/** Pixels of the depth picture that show instances, one instance after the other. Keeps its memory from frame to frame. */
export class Candidates implements GroupedMemory {
  /** Row of the depth picture in the upper 16 bits and column in the lower ones; and meters. */
  pixels = new Uint32Array(1 << 12);
  depths = new Float32Array(1 << 12);
  /** For instance i, `ends[i]` is its first, and `ends[i + 1]` one past its last. */
  ends = new Int32Array(1 << 5);
  /** Of each instance, how many pixels were read, including those without a measurement. */
  seen = new Float64Array(1 << 5);
  /** Pixels of the depth picture by which the outermost points may lie within the object's edge. */
  border = 0;
  readonly #near = new NearestCells();
  #found: Found | undefined;

  constructor(private readonly kernels?: DepthKernels) {}

  /**
   * Every step-th pixel of every step-th row of each instance's inner cells, and the last of each run and the last row, so that the
   * cloud has the object's outline.
   *
   * @param map of the depth picture's size
   */
  collect(depth: DepthPicture, map: LabelMap, step: number, band: number): void {
    const { data, width } = depth;
    const { labels, count } = map;
    const unit = unitOf(data);
    const most = mostOf(data);
    this.#begin(count);
    this.border = band + 0.5;
    let used = 0;
    for (let i = 0; i < count; i++) {
      if (this.kernels) {
        used = this.#collectBy(this.kernels, depth, map, i, step, used);
        continue;
      }
      const { top, bottom, ends, edges } = map.inner[i]!;
      let seen = 0;
      for (let row = top; row < bottom; row = nextOf(row, bottom, step)) {
        const at = row * width;
        const to = ends[row - top + 1]!;
        for (let k = ends[row - top]!; k < to; k += 2) {
          const last = edges[k + 1]!;
          if (used + last - edges[k]! > this.pixels.length) this.#grow(2 * (used + last - edges[k]!));
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

  /** @returns the points after the instance's */
  #collectBy(
    kernels: DepthKernels,
    depth: DepthPicture,
    map: LabelMap,
    index: number,
    step: number,
    used: number,
  ): number {
    const inner = map.inner[index]!;
    let end = kernels.collect(depth, map.labels, index + 1, inner, step, this, used, this.seen);
    if (end > this.pixels.length) {
      this.#grow(2 * end);
      end = kernels.collect(depth, map.labels, index + 1, inner, step, this, used, this.seen);
    }
    this.ends[index + 1] = end;
    return end;
  }

  /**
   * The same for a depth picture of another camera: its pixels are taken to the color camera's frame and picture, and belong to the
   * instance that they come to lie on. What the color camera cannot see, because something nearer lies on the same cells, is left out.
   *
   * @param map on a grid that covers the color picture
   * @param rays of the depth picture's pixels (RayTable); empty: as `numbers` say
   * @param numbers of projectionOf()
   */
  project(
    depth: DepthPicture,
    map: LabelMap,
    step: number,
    band: number,
    rays: Float32Array,
    numbers: Float32Array,
  ): void {
    const { width, height } = depth;
    const { labels, count } = map;
    this.#begin(count);
    this.border = band + 0.5 + (step - 1) / 2;
    const fx = numbers[PROJECT.fx]!;
    const colorFx = numbers[PROJECT.colorFx]!;
    // As many cells as a step of the depth picture takes, so that no cell lies between its pixels; and some to spare.
    const side = Math.min(MOST_SIDE, Math.max(4, Math.ceil((3 * step * colorFx) / fx)));
    const near = this.#near;
    near.begin(map, side);
    const lookedAt = (Math.floor((width - 1) / step) + 1) * (Math.floor((height - 1) / step) + 1);
    const behind = BEHIND_AT_LEAST / unitOf(depth.data);
    if (this.kernels) {
      // There are never more, so no room is kept for growth.
      if (this.pixels.length < lookedAt) this.#grow(lookedAt);
      const [w, h] = [map.width, map.height];
      this.kernels.project(depth, step, rays, numbers, labels, w, h, near, BEHIND, behind, count, this);
    } else {
      const found = (this.#found ??= new Found());
      found.reserve(lookedAt);
      const number = project(depth, step, rays, numbers, labels, map.width, map.height, near, found);
      this.#sort(found, number, count, behind);
    }
    const pixelsOfCell = (fx * numbers[PROJECT.fy]!) / (colorFx * numbers[PROJECT.colorFy]! * step * step);
    for (let i = 0; i < count; i++) this.seen[i] = map.inner[i]!.cells * pixelsOfCell;
  }

  /** Groups what was found by instance, without what is hidden. */
  #sort(found: Found, number: number, count: number, behind: number): void {
    const { ends } = this;
    const { nearest } = this.#near;
    const { labels, squares, colorDepths, pixels: foundPixels, depths: foundDepths } = found;
    for (let i = 0; i < number; i++) {
      if (colorDepths[i]! > nearest[squares[i]!]! * BEHIND + behind) labels[i] = 0;
      else ends[labels[i]!]!++;
    }
    for (let i = 0; i < count; i++) ends[i + 1]! += ends[i]!;
    const total = ends[count]!;
    if (this.pixels.length < total) this.#grow(2 * total);
    const { pixels, depths } = this;
    // From behind, so that the order stays: ends[label] runs down to the first of its instance.
    for (let i = number - 1; i >= 0; i--) {
      const label = labels[i]!;
      if (label === 0) continue;
      const at = --ends[label]!;
      pixels[at] = foundPixels[i]!;
      depths[at] = foundDepths[i]!;
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

  #grow(length: number): void {
    const pixels = new Uint32Array(length);
    pixels.set(this.pixels);
    this.pixels = pixels;
    const depths = new Float32Array(length);
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

/** The nearest depth that came to lie on each square of a grid. Keeps its memory. */
class NearestCells implements NearestMemory {
  nearest = new Float32Array(0);
  columns = 0;
  shift = 2;

  /** Only squares within the bounds of an instance's inner cells: what hides others is not asked for, and they stay 0. */
  begin({ width, height, inner, count }: LabelMap, side: number): void {
    const shift = Math.ceil(Math.log2(side));
    const columns = (width >> shift) + 1;
    const cells = columns * ((height >> shift) + 1);
    if (this.nearest.length < cells) this.nearest = new Float32Array(cells);
    this.nearest.fill(0, 0, cells);
    this.shift = shift;
    this.columns = columns;
    for (let i = 0; i < count; i++) {
      const { top, bottom, left, right } = inner[i]!;
      if (top >= bottom) continue;
      for (let row = top >> shift; row <= (bottom - 1) >> shift; row++) {
        const at = row * columns;
        this.nearest.fill(Infinity, at + (left >> shift), at + ((right - 1) >> shift) + 1);
      }
    }
  }
}

/** What came to lie on instances, in the order of the depth picture. Keeps its memory. */
class Found {
  pixels = new Uint32Array(0);
  depths = new Float32Array(0);
  /** Squares of NearestMemory. */
  squares = new Int32Array(0);
  /** 1 more than the instance. */
  labels = new Uint16Array(0);
  /** Depth in the color camera's frame, in units of the depth picture. */
  colorDepths = new Float32Array(0);

  reserve(count: number): void {
    if (this.pixels.length >= count) return;
    this.pixels = new Uint32Array(count);
    this.depths = new Float32Array(count);
    this.squares = new Int32Array(count);
    this.labels = new Uint16Array(count);
    this.colorDepths = new Float32Array(count);
  }
}

/** DepthKernels.project(), but for the groups. @returns how many came to lie on instances */
function project(
  { data, width, height }: DepthPicture,
  step: number,
  rays: Float32Array,
  numbers: Float32Array,
  labels: Uint16Array,
  mapWidth: number,
  mapHeight: number,
  { nearest, columns, shift }: NearestMemory,
  { pixels, depths, squares, labels: foundLabels, colorDepths }: Found,
): number {
  const unit = unitOf(data);
  const most = mostOf(data);
  const projector = new Projector(rays, numbers, width);
  let found = 0;
  for (let y = 0; y < height; y += step) {
    for (let x = 0; x < width; x += step) {
      const value = data[y * width + x]!;
      if (!(value > 0 && value <= most)) continue;
      if (!projector.project(x, y, value)) continue;
      const { u, v, depth } = projector;
      if (!(u >= 0 && v >= 0 && u < mapWidth && v < mapHeight)) continue;
      const column = Math.floor(u);
      const row = Math.floor(v);
      const square = (row >> shift) * columns + (column >> shift);
      if (depth < nearest[square]!) nearest[square] = depth;
      const label = labels[row * mapWidth + column]!;
      if (label === 0) continue;
      pixels[found] = y * ROW + x;
      depths[found] = value * unit;
      squares[found] = square;
      foundLabels[found] = label;
      colorDepths[found++] = depth;
    }
  }
  return found;
}
