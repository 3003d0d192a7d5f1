import type { Instance, Segmentation } from '../mask/segmentation.js';
import { Assignment } from '../track/assignment.js';

/** ByteTrack's parameters, with its own defaults but for the scores, which are Ultralytics' (they fit YOLOv8). */
export interface ByteTrackOptions {
  /** Scores above it take part in the first stage. @default 0.25 */
  readonly high?: number | undefined;
  /** Scores below it are not looked at. @default 0.1 */
  readonly low?: number | undefined;
  /** Scores from it on begin tracks. @default 0.25 */
  readonly fresh?: number | undefined;
  /** Largest distance (1 - IoU * score) of the first stage. @default 0.8 */
  readonly match?: number | undefined;
  /** Frames for which a lost track is kept. @default 30 */
  readonly buffer?: number | undefined;
}

const POOR_DISTANCE = 0.5;
const BEGINNER_DISTANCE = 0.7;
const SAME_DISTANCE = 0.15;
/** Deviations as shares of the box's height: of positions and of velocities. */
const POSITION = 1 / 20;
const VELOCITY = 1 / 160;

interface Axis {
  value: number;
  speed: number;
  variance: number;
  covariance: number;
  speedVariance: number;
}

interface ByteBox {
  readonly x1: number;
  readonly y1: number;
  readonly x2: number;
  readonly y2: number;
}

interface ByteTrackState {
  id: number;
  classId: number;
  /** Center x, center y, aspect ratio, height: ByteTrack's filter, whose axes are independent. */
  readonly axes: readonly [Axis, Axis, Axis, Axis];
  state: 'beginner' | 'tracked' | 'lost';
  started: number;
  /** Frame in which it was seen last. */
  seen: number;
}

/**
 * ByteTrack as published (Zhang et al. 2022, yolox/tracker/byte_tracker.py), applied class by class: the rule that our tracker is compared
 * with by `tros-yolo-seg eval --tracks`. It counts frames, not seconds, and knows boxes only. Not for use in the node.
 */
export class ByteTrack {
  readonly #options: Required<{ [Name in keyof ByteTrackOptions]: number }>;
  readonly #assignment = new Assignment();
  #tracks: ByteTrackState[] = [];
  #frame = 0;
  #lastId = 0;

  constructor({ high = 0.25, low = 0.1, fresh = 0.25, match = 0.8, buffer = 30 }: ByteTrackOptions = {}) {
    this.#options = { high, low, fresh, match, buffer };
  }

  /** Takes the instances of the next frame in, and writes the trackId of each. */
  update({ instances }: Pick<Segmentation, 'instances'>): void {
    this.#frame++;
    const { high, low, fresh, match, buffer } = this.#options;
    for (const instance of instances) instance.trackId = 0;
    const good = instances.filter(({ score }) => score > high);
    const poor = instances.filter(({ score }) => score > low && score <= high);
    const known = this.#tracks.filter(({ state }) => state !== 'beginner');
    // Beginners are expected where they were: STrack.multi_predict gets the pool of tracked and lost ones.
    for (const track of known) predict(track);
    const rest = this.#pair(known, good, match, true);
    const seenLast = rest.tracks.filter(({ state }) => state === 'tracked');
    const unseen = this.#pair(seenLast, poor, POOR_DISTANCE, false).tracks;
    for (const track of unseen) track.state = 'lost';
    const beginners = this.#tracks.filter(({ state }) => state === 'beginner');
    const left = this.#pair(beginners, rest.instances, BEGINNER_DISTANCE, true);
    const gone = new Set(left.tracks);
    for (const instance of left.instances) {
      if (instance.score >= fresh) this.#begin(instance);
    }
    for (const track of this.#tracks) {
      if (track.state === 'lost' && this.#frame - track.seen > buffer) gone.add(track);
    }
    this.#tracks = this.#tracks.filter((track) => !gone.has(track));
    this.#dropTwins();
  }

  /** @returns what found no partner */
  #pair(
    tracks: readonly ByteTrackState[],
    instances: readonly Instance[],
    most: number,
    withScore: boolean,
  ): { tracks: ByteTrackState[]; instances: Instance[] } {
    const values = new Float64Array(tracks.length * instances.length);
    tracks.forEach((track, t) => {
      const box = boxOf(track);
      instances.forEach((instance, i) => {
        if (instance.classId !== track.classId) return;
        const distance = 1 - iou(box, instance.box) * (withScore ? instance.score : 1);
        if (distance <= most) values[t * instances.length + i] = Math.max(1e-9, most - distance);
      });
    });
    this.#assignment.solve(values, tracks.length, instances.length);
    const { rows, columns } = this.#assignment;
    tracks.forEach((track, t) => {
      const instance = instances[rows[t]!];
      if (instance) this.#see(track, instance);
    });
    return {
      tracks: tracks.filter((_, t) => rows[t]! < 0),
      instances: instances.filter((_, i) => columns[i]! < 0),
    };
  }

  #see(track: ByteTrackState, instance: Instance): void {
    const measured = measure(instance);
    const height = track.axes[3].value;
    track.axes.forEach((axis, a) => correct(axis, measured[a]!, a === 2 ? 0.1 : POSITION * height));
    if (track.state === 'beginner') track.id = ++this.#lastId;
    track.state = 'tracked';
    track.seen = this.#frame;
    instance.trackId = track.id;
  }

  #begin(instance: Instance): void {
    const measured = measure(instance);
    const height = measured[3];
    const axis = (a: 0 | 1 | 2 | 3): Axis => ({
      value: measured[a],
      speed: 0,
      variance: (a === 2 ? 1e-2 : 2 * POSITION * height) ** 2,
      covariance: 0,
      speedVariance: (a === 2 ? 1e-5 : 10 * VELOCITY * height) ** 2,
    });
    const first = this.#frame === 1;
    if (first) instance.trackId = ++this.#lastId;
    this.#tracks.push({
      id: first ? this.#lastId : 0,
      classId: instance.classId,
      axes: [axis(0), axis(1), axis(2), axis(3)],
      state: first ? 'tracked' : 'beginner',
      started: this.#frame,
      seen: this.#frame,
    });
  }

  /** Of a tracked and a lost track at one place, the one that was there longer stays. */
  #dropTwins(): void {
    const gone = new Set<ByteTrackState>();
    for (const tracked of this.#tracks) {
      if (tracked.state !== 'tracked') continue;
      for (const lost of this.#tracks) {
        if (lost.state !== 'lost' || lost.classId !== tracked.classId) continue;
        if (1 - iou(boxOf(tracked), boxOf(lost)) >= SAME_DISTANCE) continue;
        const longer = tracked.seen - tracked.started > lost.seen - lost.started;
        gone.add(longer ? lost : tracked);
      }
    }
    if (gone.size > 0) this.#tracks = this.#tracks.filter((track) => !gone.has(track));
  }
}

function measure({ box: { x1, y1, x2, y2 } }: Instance): [number, number, number, number] {
  return [(x1 + x2) / 2, (y1 + y2) / 2, (x2 - x1) / (y2 - y1), y2 - y1];
}

function predict({ axes, state }: ByteTrackState): void {
  const height = axes[3].value;
  if (state !== 'tracked') axes[3].speed = 0;
  axes.forEach((axis, a) => {
    axis.value += axis.speed;
    axis.variance += 2 * axis.covariance + axis.speedVariance + (a === 2 ? 1e-2 : POSITION * height) ** 2;
    axis.covariance += axis.speedVariance;
    axis.speedVariance += (a === 2 ? 1e-5 : VELOCITY * height) ** 2;
  });
}

function correct(axis: Axis, measured: number, deviation: number): void {
  const all = axis.variance + deviation ** 2;
  const gain = axis.variance / all;
  const speedGain = axis.covariance / all;
  const error = measured - axis.value;
  axis.value += gain * error;
  axis.speed += speedGain * error;
  axis.variance *= 1 - gain;
  axis.speedVariance -= speedGain * axis.covariance;
  axis.covariance *= 1 - gain;
}

function boxOf({ axes: [x, y, ratio, height] }: ByteTrackState): ByteBox {
  const half = (ratio.value * height.value) / 2;
  return {
    x1: x.value - half,
    x2: x.value + half,
    y1: y.value - height.value / 2,
    y2: y.value + height.value / 2,
  };
}

function iou(a: ByteBox, b: ByteBox): number {
  const width = Math.min(a.x2, b.x2) - Math.max(a.x1, b.x1);
  const height = Math.min(a.y2, b.y2) - Math.max(a.y1, b.y1);
  if (width <= 0 || height <= 0) return 0;
  const shared = width * height;
  return shared / ((a.x2 - a.x1) * (a.y2 - a.y1) + (b.x2 - b.x1) * (b.y2 - b.y1) - shared);
}
