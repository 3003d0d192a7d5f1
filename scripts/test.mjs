#!/usr/bin/env node
// Runs the compiled tests with mocha, and ends with one line: N passed, N failed, N skipped.
//
//   node scripts/test.mjs [MOCHA OPTION | FOLDER | FILE]...
//
//   node scripts/test.mjs --grep letterbox      the tests whose title matches
//   node scripts/test.mjs test/engine           those of a folder, or of a file
//   node scripts/test.mjs test/perf             what measures speed; left out unless it is named
//   node scripts/test.mjs test/long             what runs networks over whole videos; left out unless it is named
//   node scripts/test.mjs test/instructions     what counts arm64 instructions; left out unless it is named
//
// Files share a few processes (mocha's workers). A file named *.alone.test.ts has its own process, and nothing runs beside
// it. If ROS 2 is sourced, each file of test/ros has its own process, several at a time; the workspace that they share is
// built first.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const compiled = join(root, 'dist');
const mocha = join(root, 'node_modules/mocha/bin/mocha.js');

/** Milliseconds after which a test counts as hanging. No test should come near it, however busy the machine is. */
const HANGING = 300_000;

/** Mocha's options whose value is an argument of its own: `--grep native` names no folder. */
const WITH_VALUE =
  /^(-[fgjnORrstu]|--(fgrep|grep|jobs|node-option|reporter-options?|reporter|require|retries|slow|timeout|ui|config|extension|file|global|ignore|package|spec))$/;

/** Run only where they are named. */
const APART = ['perf', 'instructions', 'long'].map((folder) => join('test', folder));

const options = process.env['CI'] ? ['--forbid-only'] : [];
const places = [];
let before = '';
for (const argument of process.argv.slice(2)) {
  if (argument.startsWith('-') || WITH_VALUE.test(before)) options.push(argument);
  else places.push(placeOf(argument));
  // A value that looks like an option takes none itself.
  before = WITH_VALUE.test(before) ? '' : argument;
}

const all = readdirSync(join(compiled, 'test'), { recursive: true })
  .filter((name) => name.endsWith('.test.js'))
  .map((name) => join('test', name))
  .sort();
const chosen = all.filter((file) =>
  places.length === 0
    ? !APART.some((folder) => file.startsWith(folder + sep))
    : places.some((place) => lies(file, place)),
);
if (chosen.length === 0) {
  console.error(
    `Expected tests in ${places.map((place) => relative(root, place)).join(', ')} but there are none. ` +
      'Name a folder or a file of test/, and build first: npm run build.',
  );
  process.exit(2);
}

const folder = mkdtempSync(join(tmpdir(), 'tros-yolo-seg-test-'));
const total = { passed: 0, failed: 0, skipped: 0, slowest: [] };
let crashed = false;
let interrupted = false;

const sourced = process.env['ROS_DISTRO'] !== undefined;
const ros = sourced ? chosen.filter((file) => file.startsWith(join('test', 'ros', '/'))) : [];
const alone = chosen.filter((file) => !ros.includes(file) && /\.alone\.test\.js$|^test\/perf\//.test(file));
const shared = chosen.filter((file) => !alone.includes(file) && !ros.includes(file));
const jobs = Math.max(2, Math.min(4, availableParallelism()));
if (shared.length > 1) run(shared, ['--parallel', '--jobs', String(jobs)]);
else if (shared.length === 1) run(shared, []);
for (const file of alone) run([file], []);
if (ros.length > 0) await runOnRos(ros);
rmSync(folder, { recursive: true });

const slow = total.slowest.sort((a, b) => b[1] - a[1]).filter(([, milliseconds]) => milliseconds > 1000);
if (slow.length > 0) console.log('Slowest:');
for (const [title, milliseconds] of slow.slice(0, 5))
  console.log(`  ${(milliseconds / 1000).toFixed(1)} s  ${title}`);
if (total.passed + total.failed + total.skipped === 0) {
  console.error(
    `Expected tests that match ${options.join(' ')} but there are none in ${chosen.length} files.`,
  );
}
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
if (interrupted) console.log('stopped by SIGINT');
process.exitCode = interrupted
  ? 130
  : crashed || total.failed > 0 || total.passed + total.skipped === 0
    ? 1
    : 0;

/** The folder or file of an argument. Ends this program if there is none. */
function placeOf(argument) {
  const place = resolve(argument);
  const [top, second] = relative(root, place).split(sep);
  if (existsSync(place) && (top === 'test' || (top === 'dist' && second === 'test'))) return place;
  console.error(`Expected a folder or a file of test/ but received ${argument}.`);
  process.exit(2);
}

/** Whether the compiled test file comes from this file or folder, of the sources or compiled. */
function lies(file, place) {
  const source = join(root, file.replace(/\.js$/, '.ts'));
  return [source, join(compiled, file)].some((path) => path === place || path.startsWith(`${place}/`));
}

function run(files, more) {
  const tally = join(folder, 'tally.json');
  const { status, signal } = spawnSync(process.execPath, mochaArguments(files, more), {
    stdio: 'inherit',
    env: { ...process.env, TROS_YOLO_SEG_TALLY: tally },
  });
  add(files, tally, status, signal);
}

function mochaArguments(files, more) {
  return [
    mocha,
    '--no-config',
    // A promise that is rejected without a handler fails a test.
    ...['--require', join(compiled, 'test/rejections.js')],
    ...['--reporter', join(compiled, 'test/reporter.js'), '--timeout', String(HANGING)],
    ...[...more, ...options, ...files.map((file) => join(compiled, file))],
  ];
}

/** Runs files of test/ros, as many at a time as the machine has cores. The output of each is shown when it ends. */
async function runOnRos(files) {
  const prepare = join(compiled, 'test/ros/prepare.js');
  const { status } = spawnSync(process.execPath, [prepare], { stdio: 'inherit' });
  if (status !== 0) {
    console.error(
      `Expected the ROS workspace to be built but ${prepare} ended with ${status}, as shown above.`,
    );
    crashed = true;
    total.failed++;
    return;
  }
  // Ctrl-C ends all runs of mocha, and then this program.
  process.on('SIGINT', () => {
    interrupted = true;
    waiting.length = 0;
  });
  // Large files first: they take longest.
  const size = (file) => statSync(join(compiled, file)).size;
  const waiting = [...files].sort((a, b) => size(b) - size(a));
  const next = async () => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      const tally = join(folder, `${file.replaceAll('/', '-')}.json`);
      const env = {
        ...process.env,
        TROS_YOLO_SEG_TALLY: tally,
        TROS_YOLO_SEG_ROS_WORKSPACE: 'built',
      };
      const child = spawn(process.execPath, mochaArguments([file], []), {
        stdio: ['ignore', 'pipe', 'pipe'],
        env,
      });
      const said = [];
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => said.push(text));
      const [status, signal] = await once(child, 'close');
      for (const text of said) process.stdout.write(text);
      add([file], tally, status, signal);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, next));
}

/** Adds the results of a run of mocha. */
function add(files, tally, status, signal) {
  if (!existsSync(tally)) {
    console.error(
      `Expected mocha to finish but it had ${signal ?? `exit code ${status}`}: ${files.join(' ')}`,
    );
    crashed = true;
    total.failed++;
    return;
  }
  const { passed, failed, skipped, slowest } = JSON.parse(readFileSync(tally, 'utf8'));
  rmSync(tally);
  total.passed += passed;
  total.failed += failed;
  total.skipped += skipped;
  total.slowest.push(...slowest);
  // A run that fails without a failed test: mocha could not load a file, or a hook failed.
  if (status !== 0 && failed === 0) {
    crashed = true;
    total.failed++;
  }
}
