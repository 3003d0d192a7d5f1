// Fuzzes one target for a while, or repeats inputs from files:
//
//   node dist/test/fuzz/run.js TARGET [--seconds 10] [--inputs N] [--seed 1] [--findings FOLDER]
//   node dist/test/fuzz/run.js TARGET FILE...
//
// The work is done in a process of its own, so that its end, whatever ends it, is a finding like others: the input is saved,
// and the exit code is 1. When an input hangs: hang-watch.ts.
import { fork } from 'node:child_process';
import {
  closeSync,
  copyFileSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { addonTarget } from './addon.js';
import { bagTarget } from './bag.js';
import { cdrTarget } from './cdr.js';
import { watchChild } from './hang-watch.js';
import { fuzz, type MakeTarget, runOne } from './target.js';

/** Milliseconds between messages of the working process, which say that it goes on. */
const BEAT = 1000;

const TARGETS: Readonly<Record<string, MakeTarget>> = { cdr: cdrTarget, bag: bagTarget, addon: addonTarget };

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: 'string', default: '10' },
    inputs: { type: 'string' },
    seed: { type: 'string', default: '1' },
    findings: { type: 'string', default: '.' },
  },
});
const [name = '', ...files] = positionals;
const make = TARGETS[name];
if (make === undefined) {
  process.stderr.write(
    `Expected one of ${Object.keys(TARGETS).join(', ')} but received ${name || 'none'}.\n`,
  );
  process.exit(2);
}

if (process.send === undefined) await watch();
else await work(make, process.env['TROS_YOLO_SEG_FUZZ_FOLDER']!);

/** Starts the work, and looks on. */
async function watch(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'tros-yolo-seg-fuzz-'));
  const child = fork(fileURLToPath(import.meta.url), process.argv.slice(2), {
    env: { ...process.env, TROS_YOLO_SEG_FUZZ_FOLDER: folder },
  });
  let said = '';
  child.on('message', (message) => {
    if (typeof message === 'string') said = message;
  });
  const { hung, code, signal } = await watchChild(child);
  if (code === 0 && said !== '') process.stdout.write(`${name}: ${said}, no finding\n`);
  else {
    const why = hung ?? `ends with ${signal ?? `exit code ${code}`}`;
    process.stderr.write(`${name}: a finding, it ${why}\n`);
    if (files.length === 0) save(folder);
    process.exitCode = 1;
  }
  rmSync(folder, { recursive: true, force: true });
}

function save(folder: string): void {
  const path = join(values.findings, `${name}-seed${values.seed}-${Date.now()}`);
  copyFileSync(join(folder, 'input'), path);
  process.stderr.write(`${name}: saved as ${path}\nTo repeat it: scripts/fuzz.sh ${name} ${path}\n`);
}

async function work(makeTarget: MakeTarget, folder: string): Promise<void> {
  // Written before it is run: nobody can when the process is gone.
  const current = openSync(join(folder, 'input'), 'w');
  const target = await makeTarget(folder);
  const about = (bytes: Uint8Array): void => {
    ftruncateSync(current, 0);
    writeSync(current, bytes, 0, bytes.length, 0);
    going();
  };
  const start = performance.now();
  const seconds = (): number => (performance.now() - start) / 1000;
  let beat = -BEAT;
  const going = (): void => {
    if (performance.now() - beat < BEAT) return;
    beat = performance.now();
    process.send!(1);
  };
  let said: string;
  if (files.length > 0) {
    for (const file of files) {
      process.send!(1);
      await runOne(target, readFileSync(file), file);
    }
    said = `${files.length} files`;
  } else {
    const most = Number(values.inputs ?? Infinity);
    const limit = values.inputs === undefined ? Number(values.seconds) : Infinity;
    const { inputs, read, slowest } = await fuzz(target, {
      seed: Number(values.seed),
      about,
      going: (input) => input < most && seconds() < limit,
    });
    const memory = Math.round(process.resourceUsage().maxRSS / 1024);
    said =
      `${inputs} inputs of seed ${values.seed} in ${seconds().toFixed(0)} s, ${read} read, ` +
      `the slowest in ${slowest.toFixed(0)} ms, at most ${memory} MB`;
  }
  target.close?.();
  closeSync(current);
  process.send!(said, () => process.disconnect());
}
