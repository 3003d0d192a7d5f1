import { messageOf } from '../src/base/expect.js';
import type { BenchContext, Figure, Result } from './bench.js';
import { loadBench } from './catalog.js';
import { measureCase, QUICK, USUAL } from './measure.js';

/** Callbacks while the suite runs. */
export interface SuiteEvents {
  /** Called when a case begins. */
  begin(bench: string, name: string): void;
  /** Called when a case is done. */
  figure(figure: Figure): void;
  note(bench: string, text: string): void;
}

/** Runs benches one after the other. One that fails is reported, and the others run. */
export async function runSuite(
  names: readonly string[],
  quick: boolean,
  events: SuiteEvents,
): Promise<{ figures: Figure[]; failed: string[] }> {
  const benches = await Promise.all(names.map(async (name) => ({ name, bench: await loadBench(name) })));
  const figures: Figure[] = [];
  const failed: string[] = [];
  for (const { name, bench } of benches) {
    const reported = new Set<Result>();
    const report = (result: Result): void => {
      if (reported.has(result)) return;
      reported.add(result);
      const figure: Figure = { ratios: {}, values: {}, ...result, bench: name };
      figures.push(figure);
      events.figure(figure);
    };
    const context: BenchContext = {
      quick,
      measure: async (cases) => {
        const results: Result[] = [];
        for (const item of cases) {
          events.begin(name, item.name);
          const result = await measureCase(item, quick ? QUICK : USUAL);
          report(result);
          results.push(result);
        }
        return results;
      },
      begin: (what) => events.begin(name, what),
      report,
      note: (text) => events.note(name, text),
    };
    try {
      events.begin(name, '');
      for (const result of await bench.run(context)) report(result);
    } catch (error) {
      failed.push(name);
      events.note(name, messageOf(error));
    }
  }
  return { figures, failed };
}
