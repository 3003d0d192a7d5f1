import { describe, it } from 'mocha';

/** Why a suite or a test cannot run here, for the report; false if it can. */
export type Reason = string | false;

/**
 * Defines a suite that may be skipped for a reason, which the report shows.
 *
 *     describeUnless(sharedData.skip, 'the real models', () => { … });
 */
export function describeUnless(reason: Reason, title: string, suite: (this: Mocha.Suite) => void): void {
  if (reason === false) describe(title, suite);
  else describe.skip(`${title} (skipped: ${reason})`, suite);
}

/** Defines a test that may be skipped for a reason, which the report shows. */
export function itUnless(reason: Reason, title: string, test: Mocha.Func | Mocha.AsyncFunc): void {
  if (reason === false) it(title, test as Mocha.AsyncFunc);
  else it.skip(`${title} (skipped: ${reason})`);
}

/** Adds a note, mostly numbers, to the line of a test in the report. */
export function printNote(context: Mocha.Context, text: string): void {
  context.test!.title += `: ${text}`;
}
