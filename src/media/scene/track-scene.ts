import { expectInteger, expectNumber, expectOneOf } from '../../base/expect.js';
import type { TrackTruth } from '../../vision/evaluate/track-metrics.js';
import type { Box, Instance, Mask, Segmentation } from '../../vision/mask/segmentation.js';
import { type Stamp, stampFromSeconds } from '../../vision/picture/frame-source.js';
import { hash32, Random } from './random.js';
import {
  castWalkers,
  TRACK_SCENE_KINDS,
  type TrackSceneKind,
  type Walker,
  type WalkerPose,
} from './walkers.js';

export interface TrackSceneOptions {
  readonly kind: TrackSceneKind;
  readonly seed: number;
  /** Frames per second. @default 30 */
  readonly rate?: number | undefined;
  /** @default 20 */
  readonly seconds?: number | undefined;
  /** Share of the frames that are lost, single ones and some in a row. @default 0 */
  readonly dropped?: number | undefined;
}

/** What is really visible of an object. */
export interface SeenObject extends TrackTruth {
  /** On the grid of the detections' masks. */
  readonly mask: Mask;
  /** Share of the object, 0 to 1. */
  readonly visible: number;
}

/** A frame as a tracker gets it, and its ground truth. */
export interface TrackFrame {
  readonly stamp: Stamp;
  readonly truth: readonly SeenObject[];
  readonly found: Segmentation;
}

const WIDTH = 640;
const HEIGHT = 360;
/** Pixels to a cell of the mask grid. */
const CELL = 2;
const COLUMNS = WIDTH / CELL;
const ROWS = HEIGHT / CELL;
/** Owner of cells that show a pillar. */
const PILLAR = 255;
/** Below these, an object need not be found. */
const LEAST_VISIBLE = 0.25;
const LEAST_SIDE = 8;
/** Below this nothing of it is detected. */
const LEAST_DETECTED = 0.07;
/** Detections of a class that overlap a better one by more are dropped, as by the decoder. */
const NMS = 0.7;
const SCENE_EPOCH = 1704067200;

/**
 * Frames of moving objects with known identities, and what a detector of instances might find in them: boxes and masks of what is
 * visible, with noise, gaps where little is visible, and some that are nothing. Without pixels, so that hundreds of frames take a second.
 * The same options give the same frames; another rate, or lost frames, show the same motion.
 *
 * @throws ExpectationError for options out of range
 */
export function trackScene(options: TrackSceneOptions): TrackFrame[] {
  const kind = expectOneOf('the kind of scene', options.kind, TRACK_SCENE_KINDS);
  const seed = expectInteger('the seed', options.seed, 0, 0xffffffff);
  const rate = expectNumber('the rate', options.rate ?? 30, 1, 120);
  const seconds = expectNumber('the length of the scene', options.seconds ?? 20, 0.1, 600);
  const dropped = expectNumber('the share of lost frames', options.dropped ?? 0, 0, 0.9);
  const random = new Random(hash32(seed, TRACK_SCENE_KINDS.indexOf(kind) + 1));
  const { walkers, pillars } = castWalkers(kind, random, WIDTH, HEIGHT, seconds);
  const ghosts = Array.from({ length: 2 }, () => ghostBox(random));
  const losses = new Random(hash32(seed, 0xd309));
  const frames: TrackFrame[] = [];
  let burst = 0;
  for (let index = 0; index < Math.round(seconds * rate); index++) {
    const time = index / rate;
    if (burst > 0) burst--;
    else if (dropped > 0 && losses.next() < dropped / 20) burst = Math.ceil(losses.uniform(0.2, 0.5) * rate);
    if (burst > 0 || losses.next() < dropped) continue;
    const noise = new Random(hash32(seed, 1000 + Math.round(time * 1000)));
    const view = look(walkers, pillars, time);
    const { sec, nanosec } = stampFromSeconds(time);
    frames.push({
      stamp: { sec: SCENE_EPOCH + sec, nanosec },
      truth: view.map(({ walker, box, visible, top, rows }) => ({
        trackId: walker.number,
        classId: walker.classId,
        box,
        mask: maskOf(top, rows),
        visible,
        ignore: visible < LEAST_VISIBLE || Math.min(box.x2 - box.x1, box.y2 - box.y1) < LEAST_SIDE,
      })),
      found: detect(view, ghosts, noise),
    });
  }
  return frames;
}

/** What is visible of an object. */
interface View {
  readonly walker: Walker;
  readonly box: Box;
  /** Share of the object. */
  readonly visible: number;
  /** First and one past the last visible cell of each row, from row `top` on; a row may have several runs. */
  readonly top: number;
  readonly rows: readonly (readonly number[])[];
}

/** Paints the objects from far to near and looks at what is left of each. */
function look(walkers: readonly Walker[], pillars: readonly WalkerPose[], time: number): View[] {
  const owners = new Uint8Array(COLUMNS * ROWS);
  const placed = walkers.map((walker) => ({ walker, pose: walker.poseAt(time), owner: walker.number }));
  const all = [...placed, ...pillars.map((pose) => ({ walker: undefined, pose, owner: PILLAR }))];
  all.sort((a, b) => a.pose.depth - b.pose.depth);
  const whole = new Map<number, number>();
  for (const { walker, pose, owner } of all) {
    const cells = paint(owners, pose, owner, walker?.profile);
    whole.set(owner, cells);
  }
  return placed.flatMap(({ walker, pose, owner }) => {
    const view = visiblePart(owners, pose, owner);
    return view ? [{ walker, ...view, visible: view.cells / Math.max(1, whole.get(owner)!) }] : [];
  });
}

/** @returns the cells of the whole shape, outside of the picture, too */
function paint(
  owners: Uint8Array,
  pose: WalkerPose,
  owner: number,
  profile: ((down: number) => number) | undefined,
): number {
  const top = Math.round((pose.y - pose.height) / CELL);
  const bottom = Math.round(pose.y / CELL);
  let cells = 0;
  for (let row = top; row < bottom; row++) {
    const half = ((profile?.((row + 0.5 - top) / (bottom - top)) ?? 1) * pose.width) / 2;
    const left = Math.round((pose.x - half) / CELL);
    const right = Math.round((pose.x + half) / CELL);
    cells += right - left;
    if (row < 0 || row >= ROWS) continue;
    const from = Math.max(0, left);
    const to = Math.min(COLUMNS, right);
    if (from < to) owners.fill(owner, row * COLUMNS + from, row * COLUMNS + to);
  }
  return cells;
}

function visiblePart(
  owners: Uint8Array,
  pose: WalkerPose,
  owner: number,
): { box: Box; cells: number; top: number; rows: number[][] } | undefined {
  const first = Math.max(0, Math.round((pose.y - pose.height) / CELL));
  const last = Math.min(ROWS, Math.round(pose.y / CELL));
  const rows: number[][] = [];
  let top = -1;
  let bottom = 0;
  let [left, right, cells] = [COLUMNS, 0, 0];
  const from = Math.max(0, Math.floor((pose.x - pose.width) / CELL));
  const to = Math.min(COLUMNS, Math.ceil((pose.x + pose.width) / CELL));
  for (let row = first; row < last; row++) {
    const runs: number[] = [];
    for (let x = from; x < to; x++) {
      if (owners[row * COLUMNS + x] !== owner) continue;
      const start = x;
      while (x < to && owners[row * COLUMNS + x] === owner) x++;
      runs.push(start, x);
      cells += x - start;
    }
    if (runs.length > 0) {
      if (top < 0) top = row;
      bottom = row + 1;
      left = Math.min(left, runs[0]!);
      right = Math.max(right, runs.at(-1)!);
    }
    if (top >= 0) rows.push(runs);
  }
  if (top < 0) return undefined;
  rows.length = bottom - top;
  const box = { x1: left * CELL, y1: top * CELL, x2: right * CELL, y2: bottom * CELL };
  return { box, cells, top, rows };
}

/** What a detector might report. */
function detect(view: readonly View[], ghosts: readonly Box[], noise: Random): Segmentation {
  const found: Instance[] = [];
  for (const seen of view) {
    const { visible, walker } = seen;
    const missed = noise.next() < 0.02 + 0.6 * (1 - Math.min(1, visible)) ** 3;
    const score = clampScore(0.28 + 0.6 * Math.sqrt(visible) + 0.07 * noise.gaussian());
    const box = noisyBox(seen.box, visible < 0.9 ? 0.035 : 0.02, noise);
    const mask = noisyMask(seen, noise);
    if (visible < LEAST_DETECTED || missed || box.x2 - box.x1 < 4 || box.y2 - box.y1 < 4) continue;
    found.push({ classId: walker.classId, score, box, mask });
  }
  // Some always at the same places, like coats on hangers, and some anywhere.
  const chance = noise.next();
  ghosts.forEach((ghost, i) => {
    if (noise.next() < 0.25) found.push(nothing(noisyBox(ghost, 0.05, noise), i % 2, noise));
  });
  if (chance < 0.12) found.push(nothing(ghostBox(noise), noise.integer(2), noise));
  found.sort((a, b) => b.score - a.score);
  const instances = found.filter((instance, i) =>
    found
      .slice(0, i)
      .every((better) => better.classId !== instance.classId || iou(better.box, instance.box) <= NMS),
  );
  return { width: WIDTH, height: HEIGHT, maskWidth: COLUMNS, maskHeight: ROWS, instances };
}

function nothing(box: Box, classId: number, noise: Random): Instance {
  const top = Math.floor(box.y1 / CELL);
  const row = [Math.floor(box.x1 / CELL), Math.ceil(box.x2 / CELL)];
  const rows = Array.from({ length: Math.ceil(box.y2 / CELL) - top }, () => row);
  return { classId, score: noise.uniform(0.1, 0.5), box, mask: maskOf(top, rows) };
}

function ghostBox(random: Random): Box {
  const height = random.uniform(40, 140);
  const width = height * random.uniform(0.3, 0.9);
  const x = random.uniform(0, WIDTH - width);
  const y = random.uniform(0, HEIGHT - height);
  return { x1: x, y1: y, x2: x + width, y2: y + height };
}

function noisyBox({ x1, y1, x2, y2 }: Box, share: number, noise: Random): Box {
  const width = share * (x2 - x1);
  const height = share * (y2 - y1);
  const within = (value: number, most: number): number => Math.min(most, Math.max(0, value));
  return {
    x1: within(x1 + width * noise.gaussian(), WIDTH),
    y1: within(y1 + height * noise.gaussian(), HEIGHT),
    x2: within(x2 + width * noise.gaussian(), WIDTH),
    y2: within(y2 + height * noise.gaussian(), HEIGHT),
  };
}

/** Each run's ends are off by up to a cell. */
function noisyMask({ top, rows }: View, noise: Random): Instance['mask'] {
  return maskOf(
    top,
    rows.map((runs) => {
      const moved: number[] = [];
      for (let i = 0; i < runs.length; i += 2) {
        const from = Math.max(moved.at(-1) ?? 0, runs[i]! + noise.integer(3) - 1);
        const to = Math.min(COLUMNS, runs[i + 1]! + noise.integer(3) - 1);
        if (from < to) moved.push(from, to);
      }
      return moved;
    }),
  );
}

/** A mask with its bitmap and its runs. @param rows of the grid: first and one past the last cell of each run */
function maskOf(top: number, rows: readonly (readonly number[])[]): Instance['mask'] {
  const left = Math.min(...rows.flat());
  const right = Math.max(...rows.flat());
  if (!(left < right)) return { x: 0, y: 0, width: 0, height: 0, data: new Uint8Array(0) };
  const width = right - left;
  const data = new Uint8Array(width * rows.length);
  const runs: number[] = [];
  rows.forEach((row, y) => {
    for (let i = 0; i < row.length; i += 2) {
      const from = y * width + row[i]! - left;
      const to = y * width + row[i + 1]! - left;
      data.fill(1, from, to);
      if (runs.at(-1) === from) runs[runs.length - 1] = to;
      else runs.push(from, to);
    }
  });
  return { x: left, y: top, width, height: rows.length, data, runs: Int32Array.from(runs) };
}

function iou(a: Box, b: Box): number {
  const width = Math.min(a.x2, b.x2) - Math.max(a.x1, b.x1);
  const height = Math.min(a.y2, b.y2) - Math.max(a.y1, b.y1);
  if (width <= 0 || height <= 0) return 0;
  const shared = width * height;
  return shared / ((a.x2 - a.x1) * (a.y2 - a.y1) + (b.x2 - b.x1) * (b.y2 - b.y1) - shared);
}

function clampScore(score: number): number {
  return Math.min(0.97, Math.max(0.05, score));
}
