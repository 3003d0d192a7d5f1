/**
 * A clock in milliseconds with fractions. It never runs backward; its origin does not matter. What measures time takes one
 * as an argument, so that a test can be the clock.
 */
export type Clock = () => number;

/** The clock that everything uses unless it is given another one. */
export const steadyClock: Clock = () => performance.now();

/** A clock that one can sleep by. The node's is camera-schedule's Sleeper; tests have one that they step. */
export interface Timing {
  readonly now: Clock;
  /**
   * Resolves at `due` of `now`, never before it. When that is past it resolves as soon as other work had its turn, and when all
   * sleep was ended, too.
   */
  until(due: number): Promise<void>;
  /** Ends all sleep, now and in future. */
  end(): void;
}
