/** The largest difference that may be noise, and the smallest that is not, as shares of an object's mean side. */
interface Limits {
  readonly near: number;
  readonly far: number;
}

/** For an edge of a box: the error of networks that the filter assumes. For an edge of a mask: less, because limbs move independently. */
export const BOX_LIMITS: Limits = { near: 0.045, far: 0.12 };
export const MASK_LIMITS: Limits = { near: 0.015, far: 0.045 };

/**
 * The share of the difference between prediction and detection that is applied.
 *
 * Small differences are noise: they are averaged over a time constant. Large ones are motion, and are applied at once. In between, the
 * gain rises smoothly, so that nothing jumps (Casiez et al. 2012, the 1 euro filter, has the same aim by speed).
 */
export class SteadyGain {
  /** Gains of position and of speed for small differences: those of a critically damped filter of second order. */
  least = 1;
  ofSpeed = 0;
  /** Largest difference that may be noise, and smallest that is not. */
  near = 0;
  far = 0;

  /**
   * @param seconds since the frame before
   * @param time constant in seconds
   * @param side of the object, in the unit of the differences
   * @param limits as shares of it
   * @param smallest near limit, in the unit of the differences
   */
  set(seconds: number, time: number, side: number, limits: Limits, smallest = 0): void {
    // Fading memory polynomial filter (Brookner, Tracking and Kalman Filtering Made Easy, 1.2.6): no lag at a constant speed.
    const kept = Math.exp(-seconds / time);
    this.least = 1 - kept * kept;
    this.ofSpeed = (1 - kept) * (1 - kept);
    this.near = Math.max(limits.near * side, smallest);
    this.far = Math.max(limits.far * side, 2 * this.near);
  }

  /** @returns 0 if a difference is noise, 1 if it is motion, or in between */
  motion(difference: number): number {
    const share = (Math.abs(difference) - this.near) / (this.far - this.near);
    if (share <= 0) return 0;
    return share >= 1 ? 1 : share * share * (3 - 2 * share);
  }

  /** @returns the share of a difference that is applied */
  of(difference: number): number {
    return this.least + (1 - this.least) * this.motion(difference);
  }
}
