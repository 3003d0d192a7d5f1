import type { DepthPicture } from './depth-picture.js';

/** Cells of a mask on a grid, as GridRuns has them. */
export interface RunsMemory {
  /** First column of each run and one past its last, alternating, row by row. */
  readonly edges: Int32Array;
  /** For row `top + i`, `ends[i]` is the index of its first edge, and `ends[i + 1]` one past its last. */
  readonly ends: Int32Array;
  /** Numbers that SHAPE names. */
  readonly shape: Int32Array;
}

/** Where a number stands in RunsMemory.shape: rows [top, bottom), columns [left, right), number of cells. */
export const SHAPE = { top: 0, bottom: 1, left: 2, right: 3, cells: 4, length: 5 } as const;

/** Points of instances that were found in a depth picture: memory of Candidates. */
export interface PointMemory {
  /** Row of the depth picture in the upper 16 bits and column in the lower ones. */
  readonly pixels: Uint32Array;
  /** Meters. */
  readonly depths: Float32Array;
}

/** Where a number stands among those of a placement. */
export const PLACE = {
  ...{ cx: 0, cy: 1, ix: 2, iy: 3, low: 4, high: 5, median: 6 },
  ...{ rightX: 7, rightY: 8, rightZ: 9, upX: 10, upY: 11, upZ: 12, length: 13 },
} as const;

/**
 * Where a number stands among those of a projection from one camera to another. A ray (rx, ry, 1) of the depth camera times a pixel's
 * value, `matrix` (9 numbers, row by row) and `translation` give a point as the color camera has it; both lengths are in units of the
 * depth picture. Without a distortion the color camera's focal lengths and center are in them already: x / z and y / z of that point are
 * cells of the grid.
 */
export const PROJECT = {
  /** Of the depth camera. */
  ...{ cx: 0, cy: 1, fx: 2, fy: 3 },
  /** Of the color camera. The center is from the grid's left and upper border: half a cell more than that of the camera. */
  ...{ colorCx: 4, colorCy: 5, colorFx: 6, colorFy: 7 },
  ...{ matrix: 8, translation: 17 },
  /** Of the color camera: k1, k2, p1, p2, k3, k4, k5, k6, then the largest square of a radius; that is 0 without a distortion. */
  ...{ distortion: 20, limit: 28, length: 29 },
} as const;

/** PointMemory with the points of one instance after the other. */
export interface GroupedMemory extends PointMemory {
  /** For instance i, `ends[i]` is its first, and `ends[i + 1]` one past its last. */
  readonly ends: Int32Array;
}

/** The nearest depth on each square of the color picture, in units of the depth picture. */
export interface NearestMemory {
  /** 0 where no instance is, Infinity where nothing came to lie yet. */
  readonly nearest: Float32Array;
  readonly columns: number;
  /** Logarithm of the side of a square. */
  readonly shift: number;
}

/**
 * A second implementation of the inner loops of this folder. It gives the same bits as the first, the TypeScript of GridRuns, LabelMap,
 * Candidates, SpaceMeasurer, OutlineRectangle and DepthMasker, which is the reference and is used if there are no kernels.
 */
export interface DepthKernels {
  /** GridRuns.set(). @param crop x, y, width, height @returns the edges needed; the target is only valid if it has room for them */
  lay(runs: Int32Array, crop: Int32Array, columns: Int32Array, rows: Int32Array, target: RunsMemory): number;

  /** GridRuns.erode(). @returns as lay() */
  erode(source: RunsMemory, disc: Int32Array, width: number, height: number, target: RunsMemory): number;

  /** Fills the cells of runs that are grown by a disc (GridRuns.grow()) with a number of bytes of each element. */
  fill(
    runs: RunsMemory,
    disc: Int32Array,
    width: number,
    height: number,
    target: Uint8Array | Uint16Array | Float32Array,
    byte: number,
  ): void;

  /** Copies the cells of runs that are grown by a disc from one picture to another. */
  copy(
    runs: RunsMemory,
    disc: Int32Array,
    width: number,
    height: number,
    source: DepthPicture['data'],
    target: DepthPicture['data'],
  ): void;

  /** Gives cells of runs a label. */
  label(runs: RunsMemory, width: number, height: number, labels: Uint16Array, label: number): void;

  /**
   * Candidates.collect() of one instance.
   *
   * @param used points in the memory before
   * @param seen gets the number of pixels that were read, at `label - 1`
   * @returns the points in the memory after, which is only valid if it has room for them
   */
  collect(
    depth: DepthPicture,
    labels: Uint16Array,
    label: number,
    inner: RunsMemory,
    step: number,
    points: PointMemory,
    used: number,
    seen: Float64Array,
  ): number;

  /**
   * SpaceMeasurer's placement of points [from, to) into the cloud.
   *
   * @param width of the depth picture
   * @param rays of its pixels (RayTable); empty: as `numbers` say
   * @param numbers as PLACE has them
   * @param tag index of the first of four numbers that each point gets
   * @param at first word of the cloud
   * @param sums gets 13 numbers
   * @returns the number of points placed
   */
  place(
    points: PointMemory,
    from: number,
    to: number,
    width: number,
    rays: Float32Array,
    numbers: Float64Array,
    tags: Uint32Array,
    tag: number,
    words: Float32Array,
    at: number,
    sums: Float64Array,
  ): number;

  /**
   * OutlineRectangle.add().
   *
   * @param numbers start and scale of the strips, and two axes: 8 numbers
   * @param outer outermost points: x, y of the first and of the last
   */
  outline(
    words: Float32Array,
    from: number,
    to: number,
    stride: number,
    numbers: Float64Array,
    low: Float64Array,
    high: Float64Array,
    outer: Float64Array,
  ): void;

  /**
   * Candidates' projection of every step-th pixel of every step-th row, grouped by instance.
   *
   * @param rays of the depth picture's pixels; empty: as `numbers` say
   * @param numbers as PROJECT has them
   * @param share, least what is deeper than the nearest on its square times `share`, plus `least`, is hidden
   * @param count of instances
   * @param points has room for all pixels that are read
   * @returns the number of points
   */
  project(
    depth: DepthPicture,
    step: number,
    rays: Float32Array,
    numbers: Float32Array,
    labels: Uint16Array,
    mapWidth: number,
    mapHeight: number,
    near: NearestMemory,
    share: number,
    least: number,
    count: number,
    points: GroupedMemory,
  ): number;

  /**
   * DepthMasker's projection: pixels whose mark is `kept` are copied, all others become invalid.
   *
   * @param marks of the color picture's grid
   */
  cut(
    depth: DepthPicture,
    rays: Float32Array,
    numbers: Float32Array,
    marks: Uint8Array,
    mapWidth: number,
    mapHeight: number,
    kept: number,
    target: DepthPicture['data'],
  ): void;
}
