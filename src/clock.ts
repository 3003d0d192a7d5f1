/**
 * A clock in milliseconds with fractions. It never runs backward; its origin does not matter. What measures time takes one
 * as an argument, so that a test can be the clock.
 */
export type Clock = () => number;

/** The clock that everything uses unless it is given another one. */
export const steadyClock: Clock = () => performance.now();
