/**
 * A clock in milliseconds with fractions. It never runs backward; its origin does not matter. Code that measures time takes
 * a clock as an argument, so that tests can supply their own.
 */
export type Clock = () => number;

/** The default clock. */
export const steadyClock: Clock = () => performance.now();

/** A clock with timers. The node uses Sleeper of camera-schedule; tests use one that they advance by hand. */
export interface Timing {
  readonly now: Clock;
  /**
   * Resolves when `now` reaches `due`, never earlier. Resolves in a later turn of the event loop if `due` has passed, or if
   * all sleep has been ended.
   */
  until(due: number): Promise<void>;
  /** Ends all sleep, current and future. */
  end(): void;
}
