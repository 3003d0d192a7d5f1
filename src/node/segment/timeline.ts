/** Minimum jump of stamps, in nanoseconds, when a bag starts over; smaller ones come from two cameras on one topic. */
const JUMP = 1_000_000_000n;
/** Nanoseconds after which the clock is no longer expected to follow the stamps. */
const PATIENCE = 1_000_000_000n;

/**
 * Decides whether a frame's stamp and the clock belong to the same run: when `ros2 bag play --loop` starts over, the first frames arrive
 * before the clock has jumped back, and the last frames of the former run get their results after it.
 */
export class Timeline {
  #stamp = 0n;
  #now = 0n;
  /** The clock's time when the stamps jumped back and the clock did not. */
  #alone: bigint | undefined;

  /** @param stamp of a frame @param now on the clock of ROS; both in nanoseconds @returns whether the frame's age is meaningful */
  sameRun(stamp: bigint, now: bigint): boolean {
    if (now < this.#now) this.#alone = undefined;
    else if (stamp < this.#stamp - JUMP) this.#alone = now;
    if (this.#alone !== undefined && now - this.#alone > PATIENCE) this.#alone = undefined;
    this.#stamp = stamp;
    this.#now = now;
    return this.#alone === undefined && stamp < now + JUMP;
  }
}
