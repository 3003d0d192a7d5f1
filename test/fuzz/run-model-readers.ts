// Fuzzes what reads model files, for a while or for a number of files:
//
//   node dist/test/fuzz/run-model-readers.js [--files 10000] [--seconds 60] [--seed 1] [MODEL.bin]...
//
// The exit code is 1 for a fault or a file that hangs (hang-watch.ts); the message tells seed and file, which give the same bytes again.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { fileURLToPath } from 'node:url';
import { HangWatch } from './hang-watch.js';
import { fuzzModelReaders } from './model-readers.js';

interface Order {
  readonly folder: string;
  readonly seed: number;
  readonly files: number;
  readonly seconds: number;
  readonly more: readonly string[];
  /** The number of the file at work. */
  readonly current: Int32Array;
}

if (isMainThread) main();
else work(workerData as Order);

function main(): void {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { files: { type: 'string' }, seconds: { type: 'string' }, seed: { type: 'string' } },
  });
  const folder = mkdtempSync(join(tmpdir(), 'tros-yolo-seg-fuzz-'));
  const order: Order = {
    folder,
    seed: Number(values.seed ?? 1),
    files: Number(values.files ?? (values.seconds === undefined ? 10_000 : Infinity)),
    seconds: Number(values.seconds ?? Infinity),
    more: positionals,
    current: new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)),
  };
  const worker = new Worker(fileURLToPath(import.meta.url), { workerData: order });
  const end = (code: number, text: string): void => {
    process.stdout.write(`${text}\n`);
    rmSync(folder, { recursive: true });
    process.exit(code);
  };
  worker.on('message', (message: string) =>
    end(0, `${message}, at most ${Math.round(process.resourceUsage().maxRSS / 1024)} MB`),
  );
  worker.on('error', (error) =>
    end(1, `${error.stack}\n${String((error.cause as Error | undefined)?.stack)}`),
  );
  const watch = new HangWatch(() => {
    const { user, system } = process.cpuUsage();
    return { cpu: (user + system) / 1000, wall: performance.now() };
  });
  let last = 0;
  setInterval(() => {
    const file = Atomics.load(order.current, 0);
    if (file !== last) watch.next();
    last = file;
    const hung = watch.verdict();
    if (hung !== undefined) end(1, `file ${file} of seed ${order.seed} ${hung}`);
  }, 1000);
}

function work({ folder, seed, files, seconds, more, current }: Order): void {
  const until = performance.now() + seconds * 1000;
  const counts = fuzzModelReaders(
    folder,
    seed,
    (file) => {
      Atomics.store(current, 0, file);
      return file < files && performance.now() < until;
    },
    more.map((path) => readFileSync(path)),
  );
  parentPort!.postMessage(
    `${counts.files} files of seed ${seed}: ${counts.read} read, ${counts.files - counts.read} refused, ` +
      `the slowest in ${counts.slowest.toFixed(0)} ms (file ${counts.slowestFile})`,
  );
}
