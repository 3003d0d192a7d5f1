import { ExpectationError } from '../base/expect.js';

/** A failure in the terms of an ExpectationError. */
export interface NativeFailure {
  readonly expected: string;
  readonly received: string;
  readonly hint: string;
}

/** Converts a failure from C++ (native/failure.h) to an error. */
export function expectation({ expected, received, hint }: NativeFailure): ExpectationError {
  return new ExpectationError(expected, received, hint === '' ? undefined : hint);
}

/**
 * Calls the addon and returns the result.
 *
 * @throws ExpectationError for a native failure; other errors unchanged
 */
export function fromNative<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    const { failure } = error as { failure?: NativeFailure };
    throw failure ? expectation(failure) : error;
  }
}
