import { ExpectationError } from '../base/expect.js';

/** Why something failed, in the words of an ExpectationError. */
export interface NativeFailure {
  readonly expected: string;
  readonly received: string;
  readonly hint: string;
}

/** A failure that C++ tells (native/failure.h) as an error. */
export function expectation({ expected, received, hint }: NativeFailure): ExpectationError {
  return new ExpectationError(expected, received, hint === '' ? undefined : hint);
}

/**
 * The result of a call to the addon.
 *
 * @throws ExpectationError for a failure that it tells; anything else as it is
 */
export function fromNative<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    const { failure } = error as { failure?: NativeFailure };
    throw failure ? expectation(failure) : error;
  }
}
