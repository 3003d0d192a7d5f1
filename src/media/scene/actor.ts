import type { Shade } from './canvas.js';
import type { Pose } from './coverage.js';
import { hsv, material, type Color, type Material, type Pattern } from './material.js';
import type { Random } from './random.js';
import { bar, blob, CLASS_OUTLINES, type Outline } from './shapes.js';

/** Class id of moving clutter. */
export const CLUTTER = -1;

/**
 * One moving shape. Its pose is a closed function of time, so any frame can be rendered without those before it.
 *
 * It travels in a straight line and is reflected beyond the border, so that it leaves and enters the picture, while
 * it turns and its size swells and shrinks.
 */
export class Actor {
  readonly outline: Outline;
  readonly material: Material;
  readonly #start: Pose;
  readonly #velocity: Pose;
  readonly #swell: number;
  readonly #swellPhase: number;
  readonly #margin: number;

  constructor(
    random: Random,
    /** Index into the scene's classes, or CLUTTER. */
    readonly classId: number,
    readonly width: number,
    readonly height: number,
    patterns: readonly Pattern[],
  ) {
    const unit = Math.min(width, height);
    const clutter = random.next() < 0.5 ? bar(random) : blob(random);
    this.outline = classId === CLUTTER ? clutter : CLASS_OUTLINES[classId]!;
    this.material = material(random.pick(patterns), colors(random));
    const radius = unit * Math.exp(random.uniform(Math.log(0.06), Math.log(0.19)));
    this.#margin = 0.6 * radius;
    this.#start = {
      x: random.uniform(0, width),
      y: random.uniform(0, height),
      radius,
      angle: random.uniform(0, 2 * Math.PI),
    };
    const speed = unit * random.uniform(0.04, 0.35);
    const heading = random.uniform(0, 2 * Math.PI);
    this.#velocity = {
      x: speed * Math.cos(heading),
      y: speed * Math.sin(heading),
      radius: random.uniform(0.05, 0.2),
      angle: random.uniform(0.1, 1.2) * random.sign(),
    };
    this.#swell = random.uniform(0, 0.3);
    this.#swellPhase = random.uniform(0, 2 * Math.PI);
  }

  /** Writes its pose after `seconds` into `pose`. */
  poseAt(seconds: number, pose: Pose): void {
    const start = this.#start;
    const velocity = this.#velocity;
    const margin = this.#margin;
    pose.x = reflected(start.x + velocity.x * seconds, -margin, this.width + margin);
    pose.y = reflected(start.y + velocity.y * seconds, -margin, this.height + margin);
    pose.angle = (start.angle + velocity.angle * seconds) % (2 * Math.PI);
    const swell = Math.sin(2 * Math.PI * velocity.radius * seconds + this.#swellPhase);
    pose.radius = start.radius * (1 + this.#swell * swell);
  }
}

/** A position that moves back and forth between `min` and `max`. */
function reflected(position: number, min: number, max: number): number {
  const span = max - min;
  const phase = (((position - min) % (2 * span)) + 2 * span) % (2 * span);
  return min + (phase < span ? phase : 2 * span - phase);
}

/** Two or three vivid, matching colors. */
function colors(random: Random): Color[] {
  const hue = random.next();
  const saturation = random.uniform(0.45, 0.95);
  const bright = random.uniform(0.7, 1);
  const dim = bright * random.uniform(0.4, 0.75);
  const from = hsv(hue, saturation, dim);
  const to = hsv((hue + random.uniform(0, 0.12)) % 1, saturation, bright);
  const accents = [
    hsv(0, 0, 0.97),
    hsv((hue + 0.5) % 1, saturation, bright),
    hsv((hue + 0.08) % 1, saturation * 0.5, bright),
  ];
  return random.next() < 0.5 ? [from, to] : [from, to, random.pick(accents)];
}

/** The side of a shape that faces the light is brighter. `direction` is where the light comes from, in radians. */
export function shadeFrom(direction: number, shade: Shade): void {
  shade.base = 4;
  shade.alongX = 26 * Math.cos(direction);
  shade.alongY = 26 * Math.sin(direction);
}
