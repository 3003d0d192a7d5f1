import type { Random } from './random.js';

/** Kinds of scenes: people behind pillars, people who pass each other, people who leave and come back. */
export const TRACK_SCENES = ['occlusion', 'crossing', 'return'] as const;
/** These, and people who stand still. */
export const TRACK_SCENE_KINDS = [...TRACK_SCENES, 'still'] as const;
export type TrackSceneKind = (typeof TRACK_SCENE_KINDS)[number];

/** Where an object is: its feet, its size, in pixels; the nearer the larger its depth. */
export interface WalkerPose {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly depth: number;
}

/** One object with an identity. */
export interface Walker {
  /** 1, 2, 3 ... */
  readonly number: number;
  readonly classId: number;
  /** Its width at a share of its height from the top, 0 to 1. */
  readonly profile: (down: number) => number;
  poseAt(seconds: number): WalkerPose;
}

/** Steps per second of the simulated motion. */
const STEPS = 120;
/** Seconds in which a walker changes to another speed. */
const INERTIA = 0.35;

const person = (down: number): number => (down < 0.16 ? 0.4 : down < 0.55 ? 1 : 0.75 - 0.2 * (down - 0.55));
const ball = (down: number): number => Math.sqrt(Math.max(0, 1 - (2 * down - 1) ** 2));

/** The objects of a scene, and what they may be hidden by. */
export function castWalkers(
  kind: TrackSceneKind,
  random: Random,
  width: number,
  height: number,
  seconds: number,
): { walkers: Walker[]; pillars: WalkerPose[] } {
  const count = kind === 'crossing' ? 6 : 7;
  const walkers = Array.from({ length: count }, (_, i) => walker(kind, random, i, width, height, seconds));
  const pillars =
    kind === 'occlusion'
      ? Array.from({ length: 3 }, (_, i): WalkerPose => ({
          x: width * (0.2 + 0.3 * i) + random.uniform(-30, 30),
          y: height * random.uniform(0.85, 0.98),
          width: random.uniform(36, 80),
          height: height,
          depth: height * random.uniform(0.72, 0.95),
        }))
      : [];
  return { walkers, pillars };
}

function walker(
  kind: TrackSceneKind,
  random: Random,
  index: number,
  width: number,
  height: number,
  seconds: number,
): Walker {
  const classId = kind === 'crossing' ? 0 : random.next() < 0.7 ? 0 : 1;
  // Those who cross walk on nearly the same line, in opposite directions.
  const line =
    kind === 'crossing'
      ? 0.62 + 0.13 * (index >> 1) + random.uniform(-0.015, 0.015)
      : random.uniform(0.55, 0.98);
  const tall =
    height * (0.12 + 0.42 * (line - 0.4)) * random.uniform(0.9, 1.15) * (classId === 0 ? 1.35 : 0.7);
  const wide = tall * (classId === 0 ? random.uniform(0.34, 0.46) : 1);
  const path = simulate(kind, random, index, width, height, line, wide, seconds);
  return {
    number: index + 1,
    classId,
    profile: classId === 0 ? person : ball,
    poseAt(time) {
      const at = 2 * Math.min(path.length / 2 - 1, Math.round(time * STEPS));
      // The swing of a step.
      const swing = classId === 0 && kind !== 'still' ? 1 + 0.12 * Math.sin(9 * time + index) : 1;
      const y = path[at + 1]!;
      return { x: path[at]!, y, width: wide * swing, height: tall, depth: y };
    },
  };
}

/** Positions of its feet, step by step: x, y, x, y ... Speeds change every few seconds, and smoothly. */
function simulate(
  kind: TrackSceneKind,
  random: Random,
  index: number,
  width: number,
  height: number,
  line: number,
  wide: number,
  seconds: number,
): Float64Array {
  const path = new Float64Array(2 * (Math.ceil(seconds * STEPS) + 1));
  let x = kind === 'crossing' ? (index % 2 === 0 ? 0.1 : 0.9) * width : random.uniform(0.05, 0.95) * width;
  let y = line * height;
  const pace = kind === 'still' ? 0 : wide * random.uniform(1.2, 2.8);
  let wantedX = (kind === 'crossing' ? (index % 2 === 0 ? 1 : -1) : random.sign()) * pace;
  let wantedY = 0;
  let [speedX, speedY] = [wantedX, 0];
  let change = random.uniform(1, 3);
  const margin = kind === 'return' ? -0.9 * wide : 0.6 * wide;
  for (let step = 0; step < path.length / 2; step++) {
    path[2 * step] = x;
    path[2 * step + 1] = y;
    change -= 1 / STEPS;
    if (change <= 0) {
      change = random.uniform(0.8, 3);
      const chance = random.next();
      if (kind !== 'crossing') {
        if (chance < 0.2) wantedX = 0;
        else if (chance < 0.45)
          wantedX = -Math.sign(wantedX || random.sign()) * pace * random.uniform(0.6, 1.2);
        else wantedX = Math.sign(wantedX || random.sign()) * pace * random.uniform(0.6, 1.2);
        wantedY = random.uniform(-0.15, 0.15) * pace;
      } else wantedX = Math.sign(wantedX) * pace * random.uniform(0.7, 1.2);
    }
    // Those who return stay away for a while: they go on for as long as it takes to turn.
    if (kind === 'still') continue;
    if (x < margin) wantedX = Math.abs(wantedX || pace);
    if (x > width - margin) wantedX = -Math.abs(wantedX || pace);
    if (y < 0.5 * height) wantedY = Math.abs(wantedY);
    if (y > 0.99 * height) wantedY = -Math.abs(wantedY);
    speedX += ((wantedX - speedX) / INERTIA) * (1 / STEPS);
    speedY += ((wantedY - speedY) / INERTIA) * (1 / STEPS);
    x += speedX / STEPS;
    y += speedY / STEPS;
  }
  return path;
}
