import type { DecodedMask } from '../mask/decoded-mask.js';
import { RowRuns } from './row-runs.js';
import type { SteadyGain } from './steady-gain.js';

/** Share of the frames in which a row must differ before it changes its number of runs. */
const MAJORITY = 0.5;
/** Maximum number of rows by which a vertical edge of the outline may move up and down and still count as the same. */
const MOST_ROWS = 4;

/** The predicted motion of a mask since the last frame, in cells. */
export interface MaskMotion {
  /** An edge at x goes to `scale * x + shift`. */
  scale: number;
  shift: number;
  /** Of its first row and its last. */
  top: number;
  bottom: number;
}

/**
 * The mask of one object, smoothed over time: the edges of its runs and its first and last row. The cost depends on the outline, not on
 * the area.
 *
 * An edge that moved little is averaged; one that moved far is used as it is. If the outline is
 * horizontal, an edge jumps far when the outline moves by a row: such a jump counts as small if a nearby row has that edge. If the number
 * of runs of a row changes, the majority of the last frames decides.
 */
export class SteadyMask {
  #rows = new RowRuns();
  #next = new RowRuns();
  /** How long each row has differed, 0 to MAJORITY. */
  #doubts = new Float32Array(128);
  #nextDoubts = new Float32Array(128);
  /** First row and one past the last, not only whole rows. */
  #top = 0;
  #bottom = 0;
  /** The rest of the motion along y beyond whole rows. */
  #rest = 0;

  /** Starts over with the detected mask. */
  restart(seen: RowRuns): void {
    const rows = this.#rows;
    rows.begin(seen.top);
    rows.reserve(seen.count, seen.used);
    this.#room(seen.count);
    for (let i = 0; i < seen.count; i++) {
      rows.addRow(seen, i);
      rows.endRow();
      this.#doubts[i] = 0;
    }
    this.#top = seen.top;
    this.#bottom = seen.top + seen.count;
    this.#rest = 0;
  }

  /**
   * @param seen the mask of this frame
   * @param motion the predicted motion of the object
   * @param gain in cells
   */
  update(seen: RowRuns, motion: MaskMotion, gain: SteadyGain): void {
    if (seen.count === 0) return this.restart(seen);
    const moveY = (motion.top + motion.bottom) / 2;
    const moved = Math.round(this.#rest + moveY);
    this.#rest += moveY - moved;
    const rows = this.#rows;
    rows.top += moved;
    this.#top += motion.top;
    this.#bottom += motion.bottom;
    const topError = seen.top - this.#top;
    const bottomError = seen.top + seen.count - this.#bottom;
    this.#top += gain.of(topError) * topError;
    this.#bottom += gain.of(bottomError) * bottomError;
    const first = Math.round(this.#top);
    const last = Math.round(this.#bottom);
    const common = Math.min(seen.top + seen.count, rows.top + rows.count) > Math.max(seen.top, rows.top);
    // There is nothing to average.
    if (last <= first || !common) return this.restart(seen);
    const next = this.#next;
    next.begin(first);
    next.reserve(last - first, rows.used + seen.used);
    this.#room(last - first);
    for (let y = first; y < last; y++) {
      const before = y - rows.top;
      const now = y - seen.top;
      const known = before >= 0 && before < rows.count;
      let doubt = 0;
      if (!known || rows.starts[before + 1] === rows.starts[before]) {
        if (now >= 0 && now < seen.count) next.addRow(seen, now);
      } else if (now < 0 || now >= seen.count) next.addRow(rows, before, motion.scale, motion.shift);
      else doubt = this.#blend(seen, now, before, motion, gain);
      next.endRow();
      this.#nextDoubts[y - first] = doubt;
    }
    this.#next = rows;
    this.#rows = next;
    const doubts = this.#doubts;
    this.#doubts = this.#nextDoubts;
    this.#nextDoubts = doubts;
  }

  /** @returns the row's doubt */
  #blend(seen: RowRuns, row: number, before: number, motion: MaskMotion, gain: SteadyGain): number {
    const rows = this.#rows;
    const next = this.#next;
    const from = rows.starts[before]!;
    const to = rows.starts[before + 1]!;
    const at = seen.starts[row]!;
    const doubt = this.#doubts[before]!;
    if (to - from !== seen.starts[row + 1]! - at) {
      const more = doubt + gain.of(lengthOf(rows, before) - lengthOf(seen, row));
      if (more > MAJORITY) {
        next.addRow(seen, row);
        return 0;
      }
      next.addRow(rows, before, motion.scale, motion.shift);
      return more;
    }
    // Written out, because this is most of the work: an edge that moved little is averaged.
    const { scale, shift } = motion;
    const { least, near } = gain;
    const old = rows.edges;
    const now = seen.edges;
    const target = next.edges;
    let used = next.used;
    for (let i = 0; i < to - from; i++) {
      const expected = scale * old[from + i]! + shift;
      const error = now[at + i]! - expected;
      if (error <= near && error >= -near) target[used++] = expected + least * error;
      else {
        const place = (now[at + i]! - shift) / scale;
        const far = isNearby(rows, before, i, place, near) ? 0 : gain.motion(error);
        target[used++] = expected + (least + (1 - least) * far) * error;
      }
    }
    next.used = used;
    return doubt > least ? doubt - least : 0;
  }

  /** Writes the mask in whole cells. @param memory for its runs */
  write(mask: DecodedMask, memory: RunMemory, gridWidth: number, gridHeight: number): void {
    const { top, count, starts, edges, used } = this.#rows;
    const cells = memory.wholeCells(used);
    let left = gridWidth;
    let right = 0;
    let first = -1;
    let last = 0;
    const from = Math.max(0, -top);
    const to = Math.min(count, gridHeight - top);
    for (let i = from; i < to; i++) {
      const end = starts[i + 1]!;
      let done = 0;
      for (let at = starts[i]!; at < end; at += 2) {
        // Rounded; values below 0 become 0 either way. Each edge is averaged separately, so a run may overlap the one before it.
        const begin = Math.max(done, (edges[at]! + 0.5) | 0);
        const stop = Math.min(gridWidth, (edges[at + 1]! + 0.5) | 0);
        cells[at] = begin;
        cells[at + 1] = stop;
        if (begin >= stop) continue;
        done = stop;
        if (begin < left) left = begin;
        if (stop > right) right = stop;
        if (first < 0) first = i;
        last = i + 1;
      }
    }
    if (first < 0) return mask.clear();
    const width = right - left;
    memory.begin(used);
    for (let i = first, offset = -left; i < last; i++, offset += width) {
      const end = starts[i + 1]!;
      for (let at = starts[i]!; at < end; at += 2) {
        const begin = cells[at]!;
        const stop = cells[at + 1]!;
        if (begin < stop) memory.add(begin + offset, stop + offset);
      }
    }
    mask.set(left, top + first, width, last - first, memory.end());
  }

  #room(rows: number): void {
    if (this.#nextDoubts.length < rows) this.#nextDoubts = new Float32Array(2 * rows);
    if (this.#doubts.length >= rows) return;
    const larger = new Float32Array(2 * rows);
    larger.set(this.#doubts);
    this.#doubts = larger;
  }
}

/** Cells inside. */
function lengthOf({ starts, edges }: RowRuns, row: number): number {
  let length = 0;
  for (let at = starts[row]!; at < starts[row + 1]!; at += 2) length += edges[at + 1]! - edges[at]!;
  return length;
}

/**
 * Whether the outline passes at a place along x within a few rows.
 *
 * @param i which edge of the row
 * @param near maximum distance
 */
function isNearby(
  { starts, edges, count }: RowRuns,
  row: number,
  i: number,
  place: number,
  near: number,
): boolean {
  const runs = starts[row + 1]! - starts[row]!;
  const reach = Math.min(MOST_ROWS, Math.ceil(near));
  let low = edges[starts[row]! + i]!;
  let high = low;
  // The next rows and the farthest: outlines seldom turn in between.
  for (let k = 0; k < 4; k++) {
    const other = k === 0 ? row - 1 : k === 1 ? row + 1 : k === 2 ? row - reach : row + reach;
    if (other < 0 || other >= count || starts[other + 1]! - starts[other]! !== runs) continue;
    const edge = edges[starts[other]! + i]!;
    if (edge < low) low = edge;
    if (edge > high) high = edge;
  }
  return place >= low - near && place <= high + near;
}

/** The runs of all masks of a frame, one after the other in one buffer that grows to the largest frame. */
export class RunMemory {
  #runs = new Int32Array(1 << 12);
  #cells = new Int32Array(512);
  #first = 0;
  #used = 0;

  /** Begins a frame: earlier runs are no longer valid. */
  clear(): void {
    this.#used = 0;
  }

  /** Memory for the edges of one mask in whole cells. */
  wholeCells(count: number): Int32Array {
    if (this.#cells.length < count) this.#cells = new Int32Array(2 * count);
    return this.#cells;
  }

  /** Begins a mask. @param most edges that it may have. If the buffer is too small, earlier masks of the frame keep it */
  begin(most: number): void {
    if (this.#used + most > this.#runs.length) {
      this.#runs = new Int32Array(2 * (this.#runs.length + most));
      this.#used = 0;
    }
    this.#first = this.#used;
  }

  /** Adjacent runs are joined, as in Mask.runs. */
  add(from: number, to: number): void {
    const runs = this.#runs;
    const used = this.#used;
    if (used > this.#first && runs[used - 1] === from) {
      runs[used - 1] = to;
      return;
    }
    runs[used] = from;
    runs[used + 1] = to;
    this.#used = used + 2;
  }

  end(): Int32Array {
    return this.#runs.subarray(this.#first, this.#used);
  }
}
