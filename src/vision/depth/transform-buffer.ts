import { checked, compose, IDENTITY, interpolate, invert, type RigidTransform } from './rigid-transform.js';

/** Nanoseconds for which transforms are kept: tf2's default. */
const KEPT = 10_000_000_000n;
/** Nanoseconds by which the stamps of a frame go back when a bag or a simulation starts over. */
const JUMP = 1_000_000_000n;
/** Number of frames at which moving ones that are no longer published are looked for; then again at each doubling. */
const MANY = 256;
/** Frames on the way from one to its root: more is a circle. */
const MOST_LINKS = 64;

/** A frame's pose in its parent at one time. */
interface Sample {
  readonly stamp: bigint;
  readonly pose: RigidTransform;
}

/** A frame as a child of another. */
interface Link {
  parent: string;
  /** Always valid; undefined: it moves. */
  fixed: RigidTransform | undefined;
  /** In order of stamps. */
  samples: Sample[];
}

/** Why there is no transform. `later`: it may come, because the newest sample on the way is older than what is asked for. */
export interface NoTransform {
  readonly missing: string;
  readonly later: boolean;
}

export function isTransform(found: RigidTransform | NoTransform): found is RigidTransform {
  return 'qw' in found;
}

/**
 * The tree of coordinate frames as given by /tf and /tf_static: chains over any number of frames, up and down, interpolated between
 * samples. Nothing is extrapolated, as in tf2: a pose beyond the samples is unknown.
 *
 * @example
 * const tree = new TransformBuffer();
 * tree.add('base', 'camera', 0n, { x: 0, y: 0, z: 1, qx: 0, qy: 0, qz: 0, qw: 1 }, true);
 * tree.lookup('base', 'camera', 5n); // the camera's pose in base: takes points of camera to base
 */
export class TransformBuffer {
  readonly #links = new Map<string, Link>();
  #sweepAt = MANY;

  /**
   * @param kept nanoseconds for which transforms are kept
   * @param jump a sample that is older than its frame's newest by more begins a new history. By frame, because frames have different
   * clocks: AMCL stamps map to odom a second ahead
   */
  constructor(
    private readonly kept = KEPT,
    private readonly jump = JUMP,
  ) {}

  /** Number of frames that have a parent. */
  get frames(): number {
    return this.#links.size;
  }

  /**
   * @param pose of `child` in `parent`: takes points from child to parent
   * @param stamp nanoseconds
   * @param fixed from /tf_static
   * @returns whether it is used: no frame is its own parent, names are not empty, numbers are finite
   */
  add(parent: string, child: string, stamp: bigint, pose: RigidTransform, fixed: boolean): boolean {
    const [to, from] = [frameName(parent), frameName(child)];
    const good = checked(pose);
    if (!good || to === '' || from === '' || to === from) return false;
    let link = this.#links.get(from);
    if (link?.parent !== to) {
      // A frame has one parent: a new one begins a new history.
      link = { parent: to, fixed: undefined, samples: [] };
      this.#links.set(from, link);
      if (this.#links.size > this.#sweepAt) this.#sweep(stamp);
    }
    if (fixed) {
      link.fixed = good;
      return true;
    }
    link.fixed = undefined;
    const newest = link.samples.at(-1);
    if (newest && stamp < newest.stamp - this.jump) link.samples = [];
    insert(link.samples, { stamp, pose: good }, this.kept);
    return true;
  }

  /** Removes moving frames whose newest sample is too old: trackers name a frame for each object. */
  #sweep(now: bigint): void {
    for (const [name, { fixed, samples }] of this.#links) {
      const newest = samples.at(-1);
      if (!fixed && newest && newest.stamp < now - this.kept) this.#links.delete(name);
    }
    this.#sweepAt = Math.max(MANY, 2 * this.#links.size);
  }

  /**
   * The transform that takes points of frame `source` to frame `target` at a time.
   *
   * @param stamp nanoseconds; undefined: the newest of each link
   */
  lookup(target: string, source: string, stamp?: bigint): RigidTransform | NoTransform {
    const [to, from] = [frameName(target), frameName(source)];
    if (to === from) return IDENTITY;
    const up = this.#path(from);
    const down = this.#path(to);
    if (typeof up === 'string' || typeof down === 'string')
      return { missing: typeof up === 'string' ? up : (down as string), later: false };
    // The nearest common ancestor.
    const common = up.find((name) => down.includes(name));
    if (common === undefined) {
      return { missing: `a transform from ${this.#place(up)} to ${this.#place(down)}`, later: true };
    }
    const toCommon = this.#chain(up, common, stamp);
    if (!isTransform(toCommon)) return toCommon;
    const targetToCommon = this.#chain(down, common, stamp);
    if (!isTransform(targetToCommon)) return targetToCommon;
    return compose(invert(targetToCommon), toCommon);
  }

  /** The frame and all above it; a text for a circle. */
  #path(frame: string): string[] | string {
    const names = [frame];
    for (let link = this.#links.get(frame); link; link = this.#links.get(link.parent)) {
      if (names.includes(link.parent) || names.length > MOST_LINKS)
        return `frames without a circle: ${[...names, link.parent].join(' in ')}`;
      names.push(link.parent);
    }
    return names;
  }

  /** The first frame of a path, for messages, and what is known of it. */
  #place(path: readonly string[]): string {
    const [frame] = path as [string];
    const root = path.at(-1)!;
    if (root !== frame) return `${frame} (in the tree of ${root})`;
    const known = [...this.#links.values()].some(({ parent }) => parent === frame);
    return `${frame} (${known ? 'the root of another tree' : 'unknown to tf'})`;
  }

  /** From the first frame of a path to a later one. */
  #chain(path: readonly string[], to: string, stamp: bigint | undefined): RigidTransform | NoTransform {
    let result = IDENTITY;
    for (let i = 0; path[i] !== to; i++) {
      const pose = poseAt(path[i]!, this.#links.get(path[i]!)!, stamp);
      if (!isTransform(pose)) return pose;
      result = compose(pose, result);
    }
    return result;
  }
}

/** tf2 drops a leading slash. */
function frameName(name: string): string {
  return name.startsWith('/') ? name.slice(1) : name;
}

function insert(samples: Sample[], sample: Sample, kept: bigint): void {
  let at = samples.length;
  while (at > 0 && samples[at - 1]!.stamp > sample.stamp) at--;
  if (at > 0 && samples[at - 1]!.stamp === sample.stamp) samples[at - 1] = sample;
  else samples.splice(at, 0, sample);
  const oldest = samples.at(-1)!.stamp - kept;
  let old = 0;
  while (samples[old]!.stamp < oldest) old++;
  if (old > 0) samples.splice(0, old);
}

function poseAt(name: string, link: Link, stamp: bigint | undefined): RigidTransform | NoTransform {
  const { fixed, samples, parent } = link;
  if (fixed) return fixed;
  const last = samples.at(-1)!;
  if (stamp === undefined || stamp === last.stamp) return last.pose;
  if (stamp > last.stamp) {
    const late = (Number(stamp - last.stamp) / 1e9).toFixed(3);
    return {
      missing: `the transform of ${name} in ${parent} at ${seconds(stamp)}, ${late} s after the newest`,
      later: true,
    };
  }
  let at = samples.length - 1;
  while (at >= 0 && samples[at]!.stamp > stamp) at--;
  if (at < 0) {
    const early = (Number(samples[0]!.stamp - stamp) / 1e9).toFixed(3);
    return {
      missing: `the transform of ${name} in ${parent} at ${seconds(stamp)}, ${early} s before the oldest that is kept`,
      later: false,
    };
  }
  const [before, after] = [samples[at]!, samples[at + 1]!];
  const share = Number(stamp - before.stamp) / Number(after.stamp - before.stamp);
  return interpolate(before.pose, after.pose, share);
}

function seconds(stamp: bigint): string {
  return `${stamp / 1_000_000_000n}.${String(stamp % 1_000_000_000n).padStart(9, '0')}`;
}
