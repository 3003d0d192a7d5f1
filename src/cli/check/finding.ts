/**
 * The outcome of a check:
 *
 * - `ok`: as expected
 * - `note`: neither right nor wrong, but useful for readers of the report
 * - `warning`: it works, but slower or less reliably than it could
 * - `failure`: it does not work
 * - `unknown`: it could not be checked here
 */
export type Verdict = 'ok' | 'note' | 'warning' | 'failure' | 'unknown';

/** One line of the report. */
export interface Finding {
  /** Two or three words: "CPU governor". */
  readonly what: string;
  readonly verdict: Verdict;
  /** What was found, in one line. */
  readonly text: string;
  /** What to do about it, if anything. */
  readonly hint?: string | undefined;
}

/** The checks of one subject. */
export interface Section {
  readonly title: string;
  readonly findings: readonly Finding[];
}
