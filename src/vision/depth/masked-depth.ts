import type { Segmentation } from '../mask/segmentation.js';
import { Axis } from '../mask/mask-painter.js';
import { MaskRuns } from '../mask/runs.js';
import { type DepthPicture, invalidOf, mostOf, unitOf } from './depth-picture.js';
import { discOf, GridRuns } from './grid-runs.js';
import { type Intrinsics, scaledTo } from './intrinsics.js';
import type { DepthKernels } from './kernels.js';
import type { Registration } from './objects-in-space.js';
import { Projection, Projector } from './projection.js';
import { RayTable } from './ray-table.js';

/** What is set to invalid: the instances, or everything else. */
export type MaskedPart = 'instances' | 'others';

export interface MaskOptions {
  /** Whether an instance of this class counts. @default every one does */
  readonly chosen?: ((classId: number) => boolean) | undefined;
  /** Pixels of the depth picture by which masks are grown, because depths at an edge mix near and far. */
  readonly margin: number;
}

/**
 * Takes instances out of a depth picture, for maps without people; or everything but them. Keeps its memory.
 *
 * A depth picture of another camera is projected pixel by pixel: what comes to lie on a mask is taken out, near or far.
 */
export class DepthMasker {
  readonly #columns = new Axis();
  readonly #rows = new Axis();
  readonly #runs = new MaskRuns();
  readonly #cells = new GridRuns();
  readonly #projection = new Projection();
  readonly #table = new RayTable();
  #marks = new Uint8Array(0);
  #disc = discOf(0);

  /** @param kernels inner loops in C++; undefined: the TypeScript forms */
  constructor(private readonly kernels?: DepthKernels) {}

  /**
   * @param target as `depth.data`, of the same type and at least as long; all its pixels are written
   * @param camera the depth camera; only needed if it is not registered
   */
  mask(
    segmentation: Segmentation,
    depth: DepthPicture,
    registration: Registration,
    camera: Intrinsics | undefined,
    part: MaskedPart,
    { chosen, margin }: MaskOptions,
    target: DepthPicture['data'],
  ): void {
    const { data, width, height } = depth;
    // Whatever this frame shows is taken out, too, not only where smoothing puts it.
    const asFound = part === 'instances';
    const reach =
      registration.kind === 'projected'
        ? cellsOf(margin, segmentation, depth, registration.color, camera!)
        : margin;
    if (this.#disc.length !== reach + 1) this.#disc = discOf(reach);
    if (registration.kind === 'projected') {
      const { maskWidth, maskHeight } = segmentation;
      const marks = this.#mark(segmentation, chosen, asFound);
      const own = scaledTo(camera!, depth);
      const color = scaledTo(registration.color, { width: maskWidth, height: maskHeight });
      const rays = this.#table.of(own);
      const numbers = this.#projection.between(own, color, registration.toColor, unitOf(data));
      const kept = part === 'instances' ? 0 : 1;
      if (this.kernels) this.kernels.cut(depth, rays, numbers, marks, maskWidth, maskHeight, kept, target);
      else cut(depth, rays, numbers, marks, maskWidth, maskHeight, kept, target);
      return;
    }
    const kept = part === 'instances';
    // Byte by byte, which is a memset: 0 of 16 bits, and a float whose bits are all 1 is NaN.
    const size = data.BYTES_PER_ELEMENT;
    const bytes = new Uint8Array(target.buffer, target.byteOffset, size * width * height);
    const invalid = size === 2 ? 0 : 255;
    if (kept) target.set(data.length === width * height ? data : data.subarray(0, width * height));
    else bytes.fill(invalid);
    const { kernels } = this;
    this.#visit(segmentation, width, height, chosen, asFound, (runs) => {
      if (kernels && kept) kernels.fill(runs, this.#disc, width, height, target, invalid);
      else if (kernels) kernels.copy(runs, this.#disc, width, height, data, target);
      else
        runs.grow(this.#disc, width, height, (from, to) => {
          if (kept) bytes.fill(invalid, size * from, size * to);
          else for (let i = from; i < to; i++) target[i] = data[i]!;
        });
    });
  }

  /** The cells of the mask grid that lie in a grown mask, as 1. */
  #mark(segmentation: Segmentation, chosen: MaskOptions['chosen'], asFound: boolean): Uint8Array {
    const { maskWidth, maskHeight } = segmentation;
    const cells = maskWidth * maskHeight;
    if (this.#marks.length < cells) this.#marks = new Uint8Array(cells);
    const marks = this.#marks.fill(0, 0, cells);
    const { kernels } = this;
    this.#visit(segmentation, maskWidth, maskHeight, chosen, asFound, (runs) => {
      if (kernels) kernels.fill(runs, this.#disc, maskWidth, maskHeight, marks, 1);
      else runs.grow(this.#disc, maskWidth, maskHeight, (from, to) => void marks.fill(1, from, to));
    });
    return marks;
  }

  /** Visits the masks on a grid. @param asFound whether also those found in this frame, where masks are smoothed over time */
  #visit(
    segmentation: Segmentation,
    width: number,
    height: number,
    chosen: MaskOptions['chosen'],
    asFound: boolean,
    use: (runs: GridRuns) => void,
  ): void {
    const columns = this.#columns.firstCells(segmentation.maskWidth, width);
    const rows = this.#rows.firstCells(segmentation.maskHeight, height);
    const cells = this.#cells;
    for (const { classId, mask, found } of segmentation.instances) {
      if (chosen && !chosen(classId)) continue;
      cells.set(mask, this.#runs, columns, rows, this.kernels);
      use(cells);
      if (!asFound || !found) continue;
      cells.set(found.mask, this.#runs, columns, rows, this.kernels);
      use(cells);
    }
  }
}

/** Pixels of the depth picture as cells of the mask, rounded up. */
function cellsOf(
  pixels: number,
  { maskWidth, maskHeight }: Segmentation,
  depth: DepthPicture,
  color: Intrinsics,
  camera: Intrinsics,
): number {
  const cells = scaledTo(color, { width: maskWidth, height: maskHeight }).fx / scaledTo(camera, depth).fx;
  // A wrong focal length must not ask for more cells than there are.
  return Math.min(maskWidth + maskHeight, Math.ceil(pixels * cells));
}

/** DepthKernels.cut() */
function cut(
  { data, width, height }: DepthPicture,
  rays: Float32Array,
  numbers: Float32Array,
  marks: Uint8Array,
  mapWidth: number,
  mapHeight: number,
  kept: number,
  target: DepthPicture['data'],
): void {
  const most = mostOf(data);
  const invalid = invalidOf(data);
  const projector = new Projector(rays, numbers, width);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      const value = data[at]!;
      if (!(value > 0 && value <= most)) {
        target[at] = invalid;
        continue;
      }
      let mark = 0;
      if (projector.project(x, y, value)) {
        const { u, v } = projector;
        if (u >= 0 && v >= 0 && u < mapWidth && v < mapHeight)
          mark = marks[Math.floor(v) * mapWidth + Math.floor(u)]!;
      }
      target[at] = mark === kept ? value : invalid;
    }
  }
}
