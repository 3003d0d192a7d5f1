import type { Box, Segmentation } from '../mask/segmentation.js';
import { MaskRuns } from '../mask/runs.js';
import type { BoxFilters } from './box-filter.js';
import type { FrameDetections } from './frame-detections.js';
import { type PlacedRuns, movedMaskIou } from './mask-overlap.js';
import { LOST, type TrackList } from './track-list.js';

/** Numbers of an expected box: its corners, and a margin along x and along y. */
const EXPECTED = 6;
/** Boxes are widened by this many standard deviations of the predicted position, and by at most this share of a side. */
const MARGIN = 1;
const WIDEST = 0.5;
/** Weight of the masks of competing tracks; the rest is the weight of their boxes. */
const MASK_SHARE = 0.5;
/** An overlap of at least this share of the best one is a rival. */
const RIVAL = 0.4;
/** Factor for lost tracks, so that tracks seen in the last frame are preferred. */
const LOST_CLAIM = 0.9;
/** Maximum distance of a detection from the predicted position of a lost track, in standard deviations and in mean sides. */
const FARTHEST = 3;
const FARTHEST_SIDES = 1.5;
/** Least ratios of the sides of detection and lost track, smaller by larger: of the more similar side, and of both. */
const ALIKE = 0.6;
const LEAST_ALIKE = 0.15;

/** How well tracks and detections fit each other: 0 not at all, 1 as well as can be. */
export class Affinity {
  readonly #tracks: TrackList;
  readonly #filters: BoxFilters;
  readonly #found: FrameDetections;
  readonly #expected: Float64Array;
  readonly #box: Box = { x1: 0, y1: 0, x2: 0, y2: 0 };
  readonly #maskRuns = new MaskRuns();
  readonly #now: PlacedRuns = { x: 0, y: 0, width: 0, height: 0, edges: new Int32Array(0), count: 0 };
  #segmentation: Segmentation | undefined;
  #values = new Float64Array(0);
  /** Of each column the largest value, and how many come near it. */
  #best = new Float64Array(0);
  #contested = new Int32Array(0);

  constructor(tracks: TrackList, filters: BoxFilters, found: FrameDetections) {
    this.#tracks = tracks;
    this.#filters = filters;
    this.#found = found;
    this.#expected = new Float64Array(EXPECTED * tracks.capacity);
  }

  /** Begins a frame; its tracks have been predicted already. */
  begin(segmentation: Segmentation): void {
    this.#segmentation = segmentation;
    const { order, count } = this.#tracks;
    for (let i = 0; i < count; i++) this.expect(order[i]!);
  }

  /** The predicted box of a track, clipped to the picture. */
  expect(slot: number): void {
    const filters = this.#filters;
    const { width, height } = this.#segmentation!;
    const box = this.#box;
    filters.box(slot, box);
    const expected = this.#expected;
    const at = EXPECTED * slot;
    expected[at] = Math.max(0, box.x1);
    expected[at + 1] = Math.max(0, box.y1);
    expected[at + 2] = Math.min(width, box.x2);
    expected[at + 3] = Math.min(height, box.y2);
    expected[at + 4] = Math.min(MARGIN * filters.deviationX(slot), WIDEST * (box.x2 - box.x1));
    expected[at + 5] = Math.min(MARGIN * filters.deviationY(slot), WIDEST * (box.y2 - box.y1));
  }

  /**
   * Affinities by the overlap of boxes, and of masks if several tracks or detections compete.
   *
   * @param rows slots; the first rowCount are used @param columns detections; the first columnCount are used
   * @param least overlap; the value is 0 for less
   * @returns rowCount * columnCount values, row by row, valid until the next call
   */
  overlaps(
    rows: Int32Array,
    rowCount: number,
    columns: Int32Array,
    columnCount: number,
    least: number,
  ): Float64Array {
    const values = this.#room(rowCount, columnCount);
    const { classId, x1, x2 } = this.#found;
    const expected = this.#expected;
    let pairs = 0;
    for (let r = 0, at = 0; r < rowCount; r++) {
      const slot = rows[r]!;
      const track = this.#tracks.at(slot);
      const margin = 2 * expected[EXPECTED * slot + 4]!;
      const from = expected[EXPECTED * slot]! - margin;
      const to = expected[EXPECTED * slot + 2]! + margin;
      for (let c = 0; c < columnCount; c++, at++) {
        const k = columns[c]!;
        values[at] = 0;
        // Most are far apart; this is the fastest test for that.
        if (x1[k]! >= to || x2[k]! <= from || classId[k] !== track.classId) continue;
        const overlap = this.#overlap(slot, k);
        if (!(overlap >= least) || overlap === 0) continue;
        values[at] = track.state === LOST ? LOST_CLAIM * overlap : overlap;
        pairs++;
      }
    }
    if (pairs > 1) this.#compareMasks(values, rows, rowCount, columns, columnCount);
    return values;
  }

  /** IoU of the predicted box of a track and the box of a detection, both widened by the track's margin. */
  #overlap(slot: number, k: number): number {
    const expected = this.#expected;
    const { x1, y1, x2, y2 } = this.#found;
    const at = EXPECTED * slot;
    const marginX = 2 * expected[at + 4]!;
    const width = Math.min(expected[at + 2]!, x2[k]!) - Math.max(expected[at]!, x1[k]!) + marginX;
    if (width <= 0) return 0;
    const marginY = 2 * expected[at + 5]!;
    const height = Math.min(expected[at + 3]!, y2[k]!) - Math.max(expected[at + 1]!, y1[k]!) + marginY;
    if (height <= 0) return 0;
    const shared = width * height;
    const own =
      (expected[at + 2]! - expected[at]! + marginX) * (expected[at + 3]! - expected[at + 1]! + marginY);
    const others = (x2[k]! - x1[k]! + marginX) * (y2[k]! - y1[k]! + marginY);
    return shared / (own + others - shared);
  }

  /** Boxes suffice if one fits far better than the others; otherwise masks are compared, too. */
  #compareMasks(
    values: Float64Array,
    rows: Int32Array,
    rowCount: number,
    columns: Int32Array,
    columnCount: number,
  ): void {
    const best = this.#best;
    const contested = this.#contested;
    for (let c = 0; c < columnCount; c++) best[c] = contested[c] = 0;
    for (let r = 0, at = 0; r < rowCount; r++)
      for (let c = 0; c < columnCount; c++, at++) if (values[at]! > best[c]!) best[c] = values[at]!;
    for (let r = 0, at = 0; r < rowCount; r++) {
      for (let c = 0; c < columnCount; c++, at++) if (values[at]! > RIVAL * best[c]!) contested[c]!++;
    }
    for (let r = 0; r < rowCount; r++) {
      const from = r * columnCount;
      let own = 0;
      for (let c = 0; c < columnCount; c++) own = Math.max(own, values[from + c]!);
      let rivals = 0;
      for (let c = 0; c < columnCount; c++) {
        if (values[from + c]! > RIVAL * own) rivals += contested[c]! > 1 ? 2 : 1;
      }
      if (rivals < 2) continue;
      for (let c = 0; c < columnCount; c++) {
        const overlap = values[from + c]!;
        if (overlap === 0) continue;
        const mask = this.#maskOverlap(rows[r]!, columns[c]!);
        if (mask >= 0) values[from + c] = (1 - MASK_SHARE) * overlap + MASK_SHARE * mask;
      }
    }
  }

  /** @returns -1 if one of them has no mask */
  #maskOverlap(slot: number, k: number): number {
    const { mask, maskX, maskY } = this.#tracks.at(slot);
    if (mask.count === 0) return -1;
    const { instances, width, height, maskWidth, maskHeight } = this.#segmentation!;
    const found = instances[this.#found.instance[k]!]!.mask;
    this.#maskRuns.read(found);
    const now = this.#now;
    now.x = found.x;
    now.y = found.y;
    now.width = found.width;
    now.height = found.height;
    now.edges = this.#maskRuns.edges;
    now.count = this.#maskRuns.count;
    if (now.count === 0) return -1;
    const moveX = Math.round(((this.#filters.x(slot) - maskX) * maskWidth) / width);
    const moveY = Math.round(((this.#filters.y(slot) - maskY) * maskHeight) / height);
    return movedMaskIou(mask, moveX, moveY, now);
  }

  /**
   * Affinities by distance from the predicted position and by similarity of size: for lost tracks. A half covered object may be
   * similar in one side only.
   */
  whereabouts(rows: Int32Array, rowCount: number, columns: Int32Array, columnCount: number): Float64Array {
    const values = this.#room(rowCount, columnCount);
    const filters = this.#filters;
    const { classId, x1, y1, x2, y2 } = this.#found;
    for (let r = 0, at = 0; r < rowCount; r++) {
      const slot = rows[r]!;
      const track = this.#tracks.at(slot);
      const width = filters.width(slot);
      const height = filters.height(slot);
      const side = Math.sqrt(width * height);
      const reachX = Math.min(FARTHEST * filters.deviationX(slot), FARTHEST_SIDES * side) + width / 2;
      const reachY = Math.min(FARTHEST * filters.deviationY(slot), FARTHEST_SIDES * side) + height / 2;
      for (let c = 0; c < columnCount; c++, at++) {
        const k = columns[c]!;
        values[at] = 0;
        if (classId[k] !== track.classId) continue;
        const awayX = ((x1[k]! + x2[k]!) / 2 - filters.x(slot)) / reachX;
        const awayY = ((y1[k]! + y2[k]!) / 2 - filters.y(slot)) / reachY;
        const away = Math.sqrt(awayX * awayX + awayY * awayY);
        if (!(away < 1)) continue;
        const alikeX = likeness(x2[k]! - x1[k]!, width);
        const alikeY = likeness(y2[k]! - y1[k]!, height);
        const most = Math.max(alikeX, alikeY);
        const least = Math.min(alikeX, alikeY);
        if (most < ALIKE || least < LEAST_ALIKE) continue;
        values[at] = (1 - away) * most * (0.5 + 0.5 * least);
      }
    }
    return values;
  }

  /** The largest overlap of a track with a lost one of its class. */
  mostLost(slot: number): number {
    const expected = this.#expected;
    const { order, count } = this.#tracks;
    const { classId } = this.#tracks.at(slot);
    const at = EXPECTED * slot;
    let most = 0;
    for (let i = 0; i < count; i++) {
      const other = order[i]!;
      const track = this.#tracks.at(other);
      if (track.state !== LOST || track.classId !== classId) continue;
      const from = EXPECTED * other;
      const width =
        Math.min(expected[at + 2]!, expected[from + 2]! + expected[from + 4]!) -
        Math.max(expected[at]!, expected[from]! - expected[from + 4]!);
      const height =
        Math.min(expected[at + 3]!, expected[from + 3]! + expected[from + 5]!) -
        Math.max(expected[at + 1]!, expected[from + 1]! - expected[from + 5]!);
      const own = (expected[at + 2]! - expected[at]!) * (expected[at + 3]! - expected[at + 1]!);
      if (width > 0 && height > 0 && own > 0) most = Math.max(most, (width * height) / own);
    }
    return most;
  }

  #room(rows: number, columns: number): Float64Array {
    if (this.#values.length < rows * columns) this.#values = new Float64Array(2 * rows * columns);
    if (this.#best.length < columns) {
      this.#best = new Float64Array(2 * columns);
      this.#contested = new Int32Array(2 * columns);
    }
    return this.#values;
  }
}

/** The ratio of two lengths, smaller by larger. */
function likeness(a: number, b: number): number {
  return a < b ? a / b : b / a;
}
