/**
 * The error that all user-facing failures use: what was expected, what was found, what to do.
 *
 * `Expected an even width for NV12 but received 641. Crop or scale the picture to an even size.`
 */
export class ExpectationError extends Error {
  override readonly name = 'ExpectationError';

  /**
   * @param expected what would have been right, as a noun phrase: "an even width for NV12"
   * @param received what was found; objects are shown as short JSON
   * @param hint what the reader can do about it, a sentence
   */
  constructor(
    readonly expected: string,
    readonly received: unknown,
    readonly hint?: string,
    options?: ErrorOptions,
  ) {
    super(`Expected ${expected} but received ${show(received)}.${hint ? ` ${hint}` : ''}`, options);
  }
}

/** Formats a value for an error message: strings without quotes, NaN and infinities by name, long values truncated. */
export function show(value: unknown): string {
  let text: string;
  if (typeof value === 'string') text = value === '' ? 'an empty string' : value;
  else if (value instanceof Error) text = value.message;
  else if (typeof value === 'bigint') text = value.toString();
  else if (typeof value === 'object' && value !== null) text = JSON.stringify(value);
  else text = String(value);
  return text.length > 300 ? `${text.slice(0, 297)}...` : text;
}

/** The message of any thrown value. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** What to tell the user of any thrown value: the message of an ExpectationError, for others where they came from, too. */
export function reportOf(thrown: unknown): string {
  if (thrown instanceof ExpectationError || !(thrown instanceof Error)) return messageOf(thrown);
  return thrown.stack ?? thrown.message;
}

/** Converts any thrown value to an Error; returns it unchanged if it is one. */
export function errorOf(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

/** @throws ExpectationError unless `value` is an integer in [min, max]. */
export function expectInteger(name: string, value: unknown, min: number, max: number, hint?: string): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max) {
    throw new ExpectationError(`an integer from ${min} to ${max} for ${name}`, value, hint);
  }
  return value;
}

/** @throws ExpectationError unless `value` is a finite number in [min, max]. */
export function expectNumber(name: string, value: unknown, min: number, max: number, hint?: string): number {
  if (typeof value !== 'number' || !(value >= min && value <= max)) {
    throw new ExpectationError(`a number from ${min} to ${max} for ${name}`, value, hint);
  }
  return value;
}

/** @throws ExpectationError unless `value` is one of `choices`. */
export function expectOneOf<T extends string>(name: string, value: unknown, choices: readonly T[]): T {
  if (!choices.includes(value as T)) {
    throw new ExpectationError(`one of ${choices.join(', ')} for ${name}`, value);
  }
  return value as T;
}
