import { describe, it } from 'mocha';

/** Why a suite or a test cannot run here, in words that end up in the report; false where it can. */
export type Reason = string | false;

/**
 * A suite that is skipped for a reason, which the report names.
 *
 *     describeUnless(sharedData.skip, 'the real models', () => { … });
 */
export function describeUnless(reason: Reason, title: string, suite: (this: Mocha.Suite) => void): void {
  if (reason === false) describe(title, suite);
  else describe.skip(`${title} (skipped: ${reason})`, suite);
}

/** A test that is skipped for a reason, which the report names. */
export function itUnless(reason: Reason, title: string, test: Mocha.Func | Mocha.AsyncFunc): void {
  if (reason === false) it(title, test as Mocha.AsyncFunc);
  else it.skip(`${title} (skipped: ${reason})`);
}

/** Adds what a test found out, numbers mostly, to its line in the report. */
export function printNote(context: Mocha.Context, text: string): void {
  context.test!.title += `: ${text}`;
}
