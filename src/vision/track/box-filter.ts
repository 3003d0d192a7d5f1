import type { Box } from '../mask/segmentation.js';

/** Numbers of an axis: position, velocity, variance of the position, covariance of both, variance of the velocity. */
const AXIS = 5;
/** Axes of a box: center x, center y, width, height. */
const X = 0;
const Y = AXIS;
const WIDTH = 2 * AXIS;
const HEIGHT = 3 * AXIS;
const STATE = 4 * AXIS;

/**
 * Standard deviations as shares of the box's mean side (and per second): of a measured edge, of the velocity of a new
 * track, and of the accelerations of one second.
 */
const MEASURED = 0.045;
const FIRST_SPEED = 1.5;
const FIRST_GROWTH = 0.25;
const ACCELERATION = 1.2;
const GROWTH = 0.3;

/** Share of a side by which two edges may disagree before one of them counts as covered. */
const COVERED = 0.12;
/** A covered side says little about the size: its variance is multiplied by this. */
const COVERED_DOUBT = 30;
/** No side is narrower, in pixels. */
const THINNEST = 1;

/**
 * Kalman filters of boxes: center x, center y, width, height, each with a velocity, in pixels and seconds.
 *
 * Width and height rather than height and aspect ratio (SORT, ByteTrack): the ratio of objects is not constant (people bend,
 * doors turn, half hidden objects change it), and an error of the ratio would move with the height. BoT-SORT found the same
 * on MOT17.
 *
 * The noise has no covariance between axes, so the filter of eight numbers is exactly four filters of two: 2 x 2
 * instead of 8 x 8 matrices. Process noise is white acceleration over the elapsed time, so frames may arrive at any rate.
 *
 * If an edge of the box stays behind while the opposite one moves as predicted, the object is being covered (or leaves
 * the picture): the center is then computed from the visible edge, and the size is kept. Otherwise, a person who walks
 * behind a pillar would seem to stop.
 *
 * Slots are numbers from 0 to below the capacity; memory is allocated once.
 */
export class BoxFilters {
  readonly #state: Float64Array;

  constructor(capacity: number) {
    this.#state = new Float64Array(capacity * STATE);
  }

  /** A new track, which may move in any direction. */
  start(slot: number, x1: number, y1: number, x2: number, y2: number): void {
    const width = Math.max(THINNEST, x2 - x1);
    const height = Math.max(THINNEST, y2 - y1);
    const side = Math.sqrt(width * height);
    const at = slot * STATE;
    this.#begin(at + X, (x1 + x2) / 2, side, FIRST_SPEED);
    this.#begin(at + Y, (y1 + y2) / 2, side, FIRST_SPEED);
    this.#begin(at + WIDTH, width, side, FIRST_GROWTH);
    this.#begin(at + HEIGHT, height, side, FIRST_GROWTH);
  }

  #begin(at: number, value: number, side: number, speed: number): void {
    const state = this.#state;
    state[at] = value;
    state[at + 1] = 0;
    state[at + 2] = (MEASURED * side) ** 2;
    state[at + 3] = 0;
    state[at + 4] = (speed * side) ** 2;
  }

  /**
   * Predicts a track.
   *
   * @param seconds since its state
   * @param damping factor of its velocities, 0 to 1: an unseen object may have stopped
   */
  predict(slot: number, seconds: number, damping: number): void {
    const state = this.#state;
    const at = slot * STATE;
    const variance = state[at + WIDTH]! * state[at + HEIGHT]!;
    const moving = ACCELERATION * ACCELERATION * variance;
    const growing = GROWTH * GROWTH * variance;
    this.#move(at + X, seconds, damping, moving);
    this.#move(at + Y, seconds, damping, moving);
    this.#move(at + WIDTH, seconds, damping, growing);
    this.#move(at + HEIGHT, seconds, damping, growing);
    if (state[at + WIDTH]! < THINNEST) state[at + WIDTH] = THINNEST;
    if (state[at + HEIGHT]! < THINNEST) state[at + HEIGHT] = THINNEST;
  }

  /** Integrals of white acceleration of spectral density `density` over `t` (Bar-Shalom, Estimation with Applications, 6.2.2). */
  #move(at: number, t: number, damping: number, density: number): void {
    const state = this.#state;
    const covariance = state[at + 3]!;
    const velocity = state[at + 4]!;
    state[at]! += state[at + 1]! * t;
    state[at + 1]! *= damping;
    state[at + 2]! += 2 * covariance * t + velocity * t * t + (density * t * t * t) / 3;
    state[at + 3] = covariance + velocity * t + (density * t * t) / 2;
    state[at + 4] = velocity + density * t;
  }

  /** Updates a track with a measured box. @param doubt factor of the variance of its edges: 1 for a good detection, more for a poor one */
  correct(slot: number, x1: number, y1: number, x2: number, y2: number, doubt: number): void {
    const state = this.#state;
    const at = slot * STATE;
    const noise = MEASURED * MEASURED * state[at + WIDTH]! * state[at + HEIGHT]! * doubt;
    this.#correctSides(at + X, at + WIDTH, x1, x2, noise);
    this.#correctSides(at + Y, at + HEIGHT, y1, y2, noise);
  }

  #correctSides(center: number, size: number, low: number, high: number, noise: number): void {
    const state = this.#state;
    const half = state[size]! / 2;
    const lowError = low - (state[center]! - half);
    const highError = high - (state[center]! + half);
    const steady = Math.abs(lowError) < Math.abs(highError) ? lowError : highError;
    const other = lowError + highError - steady;
    const change = highError - lowError;
    if (Math.abs(change) > COVERED * state[size]! && Math.abs(steady) < 0.5 * Math.abs(other)) {
      this.#correctAxis(center, steady, noise);
      if (change < 0) {
        this.#correctAxis(size, change, noise * COVERED_DOUBT);
      } else {
        // It is being uncovered: the newly visible part was there before, so this is not motion.
        state[center]! += (other - steady) / 2;
        state[size]! += change;
      }
      return;
    }
    this.#correctAxis(center, (lowError + highError) / 2, noise / 2);
    this.#correctAxis(size, change, noise * 2);
  }

  #correctAxis(at: number, error: number, noise: number): void {
    const state = this.#state;
    const variance = state[at + 2]!;
    const covariance = state[at + 3]!;
    const gain = variance / (variance + noise);
    const speedGain = covariance / (variance + noise);
    state[at]! += gain * error;
    state[at + 1]! += speedGain * error;
    state[at + 2] = variance * (1 - gain);
    state[at + 3] = covariance * (1 - gain);
    state[at + 4]! -= speedGain * covariance;
  }

  /** Stops it, because it is out of the picture. */
  stop(slot: number): void {
    const at = slot * STATE;
    this.#state[at + X + 1] = 0;
    this.#state[at + Y + 1] = 0;
  }

  /** Writes its box, not clipped to the picture. */
  box(slot: number, box: Box): void {
    const state = this.#state;
    const at = slot * STATE;
    const halfWidth = state[at + WIDTH]! / 2;
    const halfHeight = state[at + HEIGHT]! / 2;
    box.x1 = state[at + X]! - halfWidth;
    box.x2 = state[at + X]! + halfWidth;
    box.y1 = state[at + Y]! - halfHeight;
    box.y2 = state[at + Y]! + halfHeight;
  }

  x(slot: number): number {
    return this.#state[slot * STATE + X]!;
  }

  y(slot: number): number {
    return this.#state[slot * STATE + Y]!;
  }

  width(slot: number): number {
    return this.#state[slot * STATE + WIDTH]!;
  }

  height(slot: number): number {
    return this.#state[slot * STATE + HEIGHT]!;
  }

  /** Pixels per second. */
  speedX(slot: number): number {
    return this.#state[slot * STATE + X + 1]!;
  }

  speedY(slot: number): number {
    return this.#state[slot * STATE + Y + 1]!;
  }

  /** Standard deviation of the center in pixels, along x and along y. */
  deviationX(slot: number): number {
    return Math.sqrt(this.#state[slot * STATE + X + 2]!);
  }

  deviationY(slot: number): number {
    return Math.sqrt(this.#state[slot * STATE + Y + 2]!);
  }
}
