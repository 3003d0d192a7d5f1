import { DecodedMasks } from '../mask/decoded-mask.js';
import { MaskRuns } from '../mask/runs.js';
import type { Box, Instance, Segmentation } from '../mask/segmentation.js';
import type { BoxFilters } from './box-filter.js';
import { RowRuns } from './row-runs.js';
import { BOX_LIMITS, MASK_LIMITS, SteadyGain } from './steady-gain.js';
import { type MaskMotion, RunMemory, SteadyMask } from './steady-mask.js';

/** Seconds without a detection of an object after which its shape starts over. */
const LONGEST_GAP = 0.5;
/** Minimum error of a mask's edge in cells, because it is rounded to whole ones. */
const LEAST_CELLS = 1.5;

/** Weight of a new difference in an edge's trend, and weight of a trend compared with a single difference. */
const TREND = 0.3;
const TREND_WEIGHT = 1.5;

/** Reduction of the smoothing at a speed of one side a second. */
const SPEED_WEIGHT = 3;

/** One edge of a box: where it is, and how fast it moves, in pixels a second. */
interface Edge {
  place: number;
  speed: number;
  /** Mean of its recent differences: zero for noise. */
  trend: number;
  /** Its motion in this frame, without noise. */
  moved: number;
}

/** State of the shape of a tracked object. */
interface Shape {
  id: number;
  seen: number;
  readonly left: Edge;
  readonly top: Edge;
  readonly right: Edge;
  readonly bottom: Edge;
  readonly mask: SteadyMask;
  /** Size of the grid of its mask. */
  gridWidth: number;
  gridHeight: number;
}

/**
 * Boxes and masks of tracked objects, smoothed over time: still objects stop flickering, fast ones do not lag.
 *
 * Each edge of a box has a filter of position and speed. A small difference is noise; a large one is motion, and is followed at once,
 * with the speed of the tracker's own filter. Masks move with their boxes, and their edges are smoothed in the same way (SteadyMask).
 *
 * Memory is kept from frame to frame, by track.
 */
export class SteadyShapes {
  readonly #shapes: (Shape | undefined)[] = [];
  readonly #instances: Instance[] = [];
  readonly #masks = new DecodedMasks();
  readonly #runs = new RunMemory();
  readonly #maskRuns = new MaskRuns();
  readonly #seen = new RowRuns();
  readonly #boxGain = new SteadyGain();
  readonly #maskGain = new SteadyGain();
  readonly #motion: MaskMotion = { scale: 1, shift: 0.5, top: 0.5, bottom: 0.5 };
  #count = 0;

  /** Begins a frame; instances of the last one are no longer valid. */
  begin(): void {
    this.#count = 0;
    this.#runs.clear();
  }

  /** Ends a frame. */
  end(): void {
    this.#masks.end(this.#count);
  }

  /**
   * The instance as it is reported.
   *
   * @param slot of its track, in `filters`
   * @param now seconds
   * @param time constant in seconds, above 0
   * @returns valid until the next frame
   */
  smooth(
    instance: Instance,
    slot: number,
    filters: BoxFilters,
    now: number,
    time: number,
    { width, height, maskWidth, maskHeight }: Segmentation,
  ): Instance {
    const shape = (this.#shapes[slot] ??= newShape());
    const { box, mask, trackId } = instance;
    const seconds = now - shape.seen;
    const known =
      shape.id === trackId &&
      seconds <= LONGEST_GAP &&
      shape.gridWidth === maskWidth &&
      shape.gridHeight === maskHeight;
    this.#maskRuns.read(mask);
    this.#seen.read(mask, this.#maskRuns);
    if (!known) {
      restart(shape, box);
      shape.mask.restart(this.#seen);
    } else {
      const side = Math.sqrt(filters.width(slot) * filters.height(slot));
      const cellsX = maskWidth / width;
      const cellsY = maskHeight / height;
      // Faster objects are smoothed less, as by the 1 euro filter: noise is visible on still objects, lag on moving ones.
      const shorter = time / (1 + (SPEED_WEIGHT * speedOf(shape)) / side);
      this.#boxGain.set(seconds, shorter, side, BOX_LIMITS);
      this.#maskGain.set(seconds, shorter, side * cellsX, MASK_LIMITS, LEAST_CELLS);
      const speedX = filters.speedX(slot);
      const speedY = filters.speedY(slot);
      this.#follow(shape.left, box.x1, speedX, seconds);
      this.#follow(shape.right, box.x2, speedX, seconds);
      this.#follow(shape.top, box.y1, speedY, seconds);
      this.#follow(shape.bottom, box.y2, speedY, seconds);
      this.#expect(shape, cellsX, cellsY);
      shape.mask.update(this.#seen, this.#motion, this.#maskGain);
    }
    shape.id = trackId!;
    shape.seen = now;
    shape.gridWidth = maskWidth;
    shape.gridHeight = maskHeight;
    return this.#report(instance, shape, width, height);
  }

  #follow(edge: Edge, seen: number, speed: number, seconds: number): void {
    const gain = this.#boxGain;
    const expected = edge.place + edge.speed * seconds;
    const error = seen - expected;
    edge.trend += TREND * (error - edge.trend);
    const motion = Math.max(gain.motion(error), gain.motion(TREND_WEIGHT * edge.trend));
    edge.moved = edge.speed * seconds + motion * error;
    edge.place = expected + (gain.least + (1 - gain.least) * motion) * error;
    if (seconds > 0) edge.speed += (gain.ofSpeed * error) / seconds;
    edge.speed += (speed - edge.speed) * motion;
  }

  /** The mask moves with the edges of its box, and in proportion between them. An object covered at one side moves at the other. */
  #expect({ left, top, right, bottom }: Shape, cellsX: number, cellsY: number): void {
    const motion = this.#motion;
    const width = right.place - right.moved - (left.place - left.moved);
    motion.scale = width > 0 ? Math.min(1.5, Math.max(0.5, 1 + (right.moved - left.moved) / width)) : 1;
    motion.shift = (left.moved - (motion.scale - 1) * (left.place - left.moved)) * cellsX;
    motion.top = top.moved * cellsY;
    motion.bottom = bottom.moved * cellsY;
  }

  #report(instance: Instance, shape: Shape, width: number, height: number): Instance {
    const { classId, score, trackId } = instance;
    const index = this.#count++;
    const mask = this.#masks.at(index);
    const reported = (this.#instances[index] ??= {
      ...{ classId: 0, score: 0.5, trackId: 0 },
      box: { x1: 0.5, y1: 0.5, x2: 0.5, y2: 0.5 },
      mask: mask.mask,
      found: undefined,
    });
    reported.classId = classId;
    reported.score = score;
    reported.trackId = trackId;
    reported.found = instance;
    const { box } = reported;
    box.x1 = within(shape.left.place, width);
    box.y1 = within(shape.top.place, height);
    box.x2 = Math.max(box.x1, within(shape.right.place, width));
    box.y2 = Math.max(box.y1, within(shape.bottom.place, height));
    shape.mask.write(mask, this.#runs, shape.gridWidth, shape.gridHeight);
    return reported;
  }
}

function newShape(): Shape {
  const edge = (): Edge => ({ place: 0.5, speed: 0.5, trend: 0.5, moved: 0.5 });
  return {
    ...{ id: 0, seen: 0.5 },
    ...{ left: edge(), top: edge(), right: edge(), bottom: edge() },
    mask: new SteadyMask(),
    ...{ gridWidth: 0, gridHeight: 0 },
  };
}

/** Pixels a second. */
function speedOf({ left, top, right, bottom }: Shape): number {
  const x = left.speed + right.speed;
  const y = top.speed + bottom.speed;
  return Math.sqrt(x * x + y * y) / 2;
}

/** Its speed is unknown: that of the tracker is only noise at first, and a wrong one decays slowly. */
function restart({ left, top, right, bottom }: Shape, box: Box): void {
  left.place = box.x1;
  top.place = box.y1;
  right.place = box.x2;
  bottom.place = box.y2;
  for (const edge of [left, top, right, bottom]) edge.speed = edge.trend = edge.moved = 0;
}

function within(value: number, most: number): number {
  return Math.min(most, Math.max(0, value));
}
