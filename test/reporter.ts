import { writeFileSync } from 'node:fs';
import Mocha from 'mocha';

const { EVENT_RUN_END, EVENT_TEST_PENDING } = Mocha.Runner.constants;

/** The results of a run of mocha. */
export interface Tally {
  passed: number;
  failed: number;
  skipped: number;
  /** Titles of the slowest tests, with their milliseconds. */
  slowest: [title: string, milliseconds: number][];
}

const KEPT = 5;

/**
 * Mocha's spec reporter. Writes the tally as JSON to the file that TROS_YOLO_SEG_TALLY names, for scripts/test.mjs,
 * which adds up several runs.
 */
export default class TallyReporter extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    let skipped = 0;
    const times: Tally['slowest'] = [];
    runner.on(EVENT_TEST_PENDING, () => skipped++);
    runner.on('test end', (test) => times.push([test.fullTitle(), test.duration ?? 0]));
    runner.once(EVENT_RUN_END, () => {
      const file = process.env['TROS_YOLO_SEG_TALLY'];
      if (file === undefined) return;
      const { passes, failures } = this.stats;
      const slowest = times.sort((a, b) => b[1] - a[1]).slice(0, KEPT);
      writeFileSync(
        file,
        JSON.stringify({ passed: passes, failed: failures, skipped, slowest } satisfies Tally),
      );
    });
  }
}
