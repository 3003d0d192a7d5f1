import { benchNames, loadBench } from './catalog.js';
import { changeTable, compareFigures, onlyIn } from './compare.js';
import { makeReport, readReport, writeReport } from './report.js';
import { runSuite } from './suite.js';
import { figureRow, figureTable } from './table.js';
import { command } from '../src/cli/program.js';
import { type CliOptions, COMMON_OPTIONS, optionHelp } from '../src/cli/options.js';
import { checkOutputs, FORCE_OPTION, ReadFiles } from '../src/cli/outputs.js';

const BENCH_OPTIONS = {
  list: { type: 'boolean', help: 'list the benches' },
  json: { type: 'string', value: 'FILE', help: 'write the figures, and where they were measured' },
  compare: { type: 'string', value: 'OLD.json', help: 'print what changed since --json OLD.json' },
  force: FORCE_OPTION,
  quick: { type: 'boolean', help: 'only a few runs, to check that it works; the figures are meaningless' },
  ...COMMON_OPTIONS,
} as const satisfies CliOptions;

const USAGE = `Usage: npm run bench -- [NAME...] [options]

Measures how fast the stages of a frame are, all of them or those named. Each is measured in turn with a
yardstick (a linear pass over the class logits, a copy of the frame): machines differ and are noisy, so
compare ratios.

${optionHelp(BENCH_OPTIONS)}
`;

/** `npm run bench`: the benchmark suite. */
export const bench = command({
  summary: 'measure every stage of a frame',
  usage: USAGE,
  options: BENCH_OPTIONS,
  async run(args) {
    if (args.flag('list')) {
      for (const name of benchNames()) {
        process.stdout.write(`  ${name.padEnd(10)} ${(await loadBench(name)).summary}\n`);
      }
      return 0;
    }
    // Read it before measuring: otherwise an unreadable report would be noticed minutes later.
    const compare = args.text('compare');
    const file = args.text('json');
    if (file !== undefined) {
      const outputs = [{ option: '--json', path: file, kind: 'file' }] as const;
      checkOutputs(outputs, new ReadFiles([compare]), args.flag('force'));
    }
    const old = compare === undefined ? undefined : readReport(compare);

    const { stderr } = process;
    const wipe = stderr.isTTY ? '\r\u001b[K' : '';
    const names = args.positionals.length > 0 ? args.positionals : benchNames();
    const { figures, failed } = await runSuite(names, args.flag('quick'), {
      begin: (name, what) => {
        if (stderr.isTTY) stderr.write(`${wipe}${name}: ${what} ...`);
        else if (what === '') stderr.write(`${name} ...\n`);
      },
      figure: (figure) => {
        // On a terminal, rows are printed as they are measured; the aligned table follows at the end.
        if (stderr.isTTY) stderr.write(`${wipe}${figureRow(figure).filter(Boolean).join('  ')}\n`);
      },
      note: (name, text) => stderr.write(`${wipe}${name}: ${text}\n`),
    });
    stderr.write(wipe);
    process.stdout.write(figureTable(figures));

    if (file !== undefined) writeReport(file, makeReport(figures));
    if (old) {
      process.stdout.write(`\nSince ${old.commit || 'an unknown commit'} of ${old.date}:\n`);
      process.stdout.write(changeTable(compareFigures(old.figures, figures)));
      const fresh = onlyIn(figures, old.figures);
      if (fresh.length > 0) process.stdout.write(`Not measured then: ${fresh.join('; ')}\n`);
    }
    return failed.length > 0 ? 1 : 0;
  },
});
