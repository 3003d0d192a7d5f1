import type { TensorData } from './tensor.js';

/**
 * A second implementation of the decoder's inner loops. It gives the same bits as the first: the TypeScript of CellScanner and
 * PlaneScanner, DistanceBoxes, NonMaximumSuppression, MaskLogits, maskRuns() and PolygonTracer, which is the reference and is used if there are no kernels.
 *
 * Kernels depend on neither an engine nor the decoder: they only use typed arrays, which native code can read.
 */
export interface Kernels {
  /** Name of the instruction set: `neon`. */
  readonly name: string;

  /**
   * Adds the cells of a class head whose best class reaches its limit, row by row, after `from` candidates.
   *
   * @param limits lowest value of each class, as real numbers
   * @param lowest the lowest of them
   * @returns the total number of candidates
   */
  scan(
    values: TensorData,
    head: HeadBlock,
    limits: Float64Array,
    lowest: number,
    scores: Float32Array,
    classes: Uint16Array,
    cells: Int32Array,
    from: number,
  ): number;

  /** Decodes the boxes of candidates [from, to), whose cells are of one level; `valid` gets 0 for invalid boxes. */
  boxes(
    values: TensorData,
    head: HeadBlock,
    stride: number,
    bins: number,
    cells: Int32Array,
    from: number,
    to: number,
    corners: Corners,
    valid: Uint8Array,
  ): void;

  /**
   * Drops candidates [0, count) that overlap, as NonMaximumSuppression does.
   *
   * @param valid candidates whose entry is 0 are passed over
   * @param iou 1 for none
   * @param most candidates that are kept, no more than `kept` has room for
   * @param kept gets those kept, best first
   * @returns how many
   */
  suppress(
    scores: Float32Array,
    classes: Uint16Array,
    corners: Corners,
    valid: Uint8Array,
    count: number,
    iou: number,
    most: number,
    kept: Int32Array,
  ): number;

  /**
   * Sums factors times prototypes for each cell of an area, as MaskLogits defines it.
   *
   * @param area first and last column, first and last row of prototypes, inclusive
   */
  combine(
    values: TensorData,
    head: HeadBlock,
    factors: Float32Array,
    bias: number,
    area: Int32Array,
    sums: Float32Array,
  ): void;

  /**
   * Finds the runs of a mask, like maskRuns().
   *
   * @param crop left, top, right, bottom of the crop on the grid; then the area of the logits, as in combine()
   * @param firstX, firstY first cells of the intervals of both axes
   * @param scales scale and offset of x, then those of y
   * @param runs gets pairs of cells, from and to
   * @returns the number of pairs. If `runs` is too short for them, call it again with a longer array
   */
  runs(
    crop: Int32Array,
    logits: Float32Array,
    firstX: Int32Array,
    firstY: Int32Array,
    scales: Float64Array,
    runs: Int32Array,
  ): number;

  /**
   * Follows the contours of runs, like PolygonTracer.
   *
   * @param width of the crop of the runs
   * @param left, top of the crop: added to the points
   * @param tolerance, minArea see PolygonOptions
   * @param points gets x, y, x, y ... from index `from` on, in cells of the grid
   * @param rings gets the minimum lengths of `points` and of itself, then for each contour its number of points, and 1
   * for a hole
   * @returns the number of contours; -1 if an array is too short
   */
  outlines(
    runs: Int32Array,
    width: number,
    left: number,
    top: number,
    tolerance: number,
    minArea: number,
    points: Int32Array,
    from: number,
    rings: Int32Array,
  ): number;
}

/** Corners of boxes in model pixels, by candidate. */
export interface Corners {
  readonly x1: Float32Array;
  readonly y1: Float32Array;
  readonly x2: Float32Array;
  readonly y2: Float32Array;
}

/** A head in the format of kernels. Other versions have other fields. */
export interface HeadBlock {
  /** Version, type, height, width, channels, strides of rows, cells and channels in elements, first channel. */
  readonly numbers: Int32Array;
  /** A scale for each channel, then a zero point for each; empty if values are real numbers. */
  readonly scales: Float64Array;
}
