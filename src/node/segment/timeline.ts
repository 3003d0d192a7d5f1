/** Nanoseconds by which stamps go back when a bag begins again, at least; less is two cameras on one topic. */
const JUMP = 1_000_000_000n;
/** Nanoseconds after which a clock that has not followed the stamps will not. */
const PATIENCE = 1_000_000_000n;

/**
 * Tells whether a frame's stamp and the clock are of the same run: when `ros2 bag play --loop` begins again, the first frames
 * come before the clock has gone back, and the last ones of the former run are answered after it has.
 */
export class Timeline {
  #stamp = 0n;
  #now = 0n;
  /** The clock's time when stamps went back and it did not. */
  #alone: bigint | undefined;

  /** @param stamp of a frame @param now on the clock of ROS; both in nanoseconds @returns whether the frame's age says something */
  sameRun(stamp: bigint, now: bigint): boolean {
    if (now < this.#now) this.#alone = undefined;
    else if (stamp < this.#stamp - JUMP) this.#alone = now;
    if (this.#alone !== undefined && now - this.#alone > PATIENCE) this.#alone = undefined;
    this.#stamp = stamp;
    this.#now = now;
    return this.#alone === undefined && stamp < now + JUMP;
  }
}
