// Fuzzes what reads model files, for a while or for a number of files:
//
//   node dist/test/fuzz/run-model-readers.js [--files 10000] [--seconds 60] [--seed 1] [MODEL.bin]...
//
// A file that takes longer than ten seconds of computing hangs. The exit code is 1 for a fault; the message tells seed and file, which give the same bytes again.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { fileURLToPath } from 'node:url';
import { fuzzModelReaders } from './model-readers.js';

/** Microseconds of CPU time: on a busy machine a file may wait longer than that. */
const HANGING = 10_000_000;

interface Order {
  readonly folder: string;
  readonly seed: number;
  readonly files: number;
  readonly seconds: number;
  readonly more: readonly string[];
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
  };
  const worker = new Worker(fileURLToPath(import.meta.url), { workerData: order });
  let last = 0;
  let seen = process.cpuUsage();
  const end = (code: number, text: string): void => {
    process.stdout.write(`${text}\n`);
    rmSync(folder, { recursive: true });
    process.exit(code);
  };
  worker.on('message', (message: number | string) => {
    if (typeof message === 'string') {
      end(0, `${message}, at most ${Math.round(process.resourceUsage().maxRSS / 1024)} MB`);
    } else [last, seen] = [message, process.cpuUsage()];
  });
  worker.on('error', (error) =>
    end(1, `${error.stack}\n${String((error.cause as Error | undefined)?.stack)}`),
  );
  setInterval(() => {
    const { user, system } = process.cpuUsage(seen);
    if (user + system > HANGING) end(1, `file ${last} of seed ${order.seed} hangs`);
  }, 1000);
}

function work({ folder, seed, files, seconds, more }: Order): void {
  const until = performance.now() + seconds * 1000;
  const counts = fuzzModelReaders(
    folder,
    seed,
    (file) => {
      if (file % 16 === 0) parentPort!.postMessage(file);
      return file < files && performance.now() < until;
    },
    more.map((path) => readFileSync(path)),
  );
  parentPort!.postMessage(
    `${counts.files} files of seed ${seed}: ${counts.read} read, ${counts.files - counts.read} refused, ` +
      `the slowest in ${counts.slowest.toFixed(0)} ms (file ${counts.slowestFile})`,
  );
}
