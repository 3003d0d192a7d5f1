/**
 * Calls the decoder's kernels with shared arrays that another thread changes between what they may be and what they must not be. In a
 * process of its own, as one that looked twice would end it.
 *
 *     node dist/test/native/decode-race.js
 */
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { addon } from '../../src/native/addon.js';

/** Turns of each kind; the two threads meet within a call in some of a hundred. */
const TURNS = 20_000;

/** At each index a number that is right and one that is wrong. */
type Changes = readonly (readonly [index: number, right: number, wrong: number])[];

function shared(numbers: readonly number[]): Int32Array {
  const array = new Int32Array(new SharedArrayBuffer(4 * numbers.length));
  array.set(numbers);
  return array;
}

interface Job {
  readonly numbers: Int32Array;
  readonly changes: Changes;
  /** Not 0 from the worker's first change on; not 0 when it shall end. */
  readonly flags: Int32Array;
}

const [BEGUN, STOP] = [0, 1];

if (isMainThread) {
  const native = addon();
  const outcomes = { answers: 0, refusals: 0, others: 0 };
  const race = async (numbers: Int32Array, changes: Changes, call: () => unknown): Promise<void> => {
    const answer = call();
    const flags = shared([0, 0]);
    const worker = new Worker(new URL(import.meta.url), {
      workerData: { numbers, changes, flags } satisfies Job,
    });
    const ended = new Promise((resolve) => worker.once('exit', resolve));
    // A worker is online before it runs; a busy machine lets it wait.
    Atomics.wait(flags, BEGUN, 0);
    for (let i = 0; i < TURNS; i++) {
      try {
        // Numbers that are all right have one answer; one that is wrong is refused.
        if (call() !== answer) outcomes.others++;
        outcomes.answers++;
      } catch (error) {
        if (!(error instanceof TypeError)) throw error;
        outcomes.refusals++;
      }
    }
    Atomics.store(flags, STOP, 1);
    await ended;
  };

  // A run in each row; wrong ones are out of order or far below.
  const [width, rows] = [64, 1000];
  const runs = shared(Array.from({ length: rows }, (_, y) => [y * width + 3, y * width + 9]).flat());
  const points = new Int32Array(1024);
  const rings = new Int32Array(256);
  const last = runs.length - 1;
  await race(
    runs,
    [
      [last, runs[last]!, width * 33_000],
      [1001, runs[1001]!, width * 32_000],
    ],
    () => {
      const count = native.decodeOutlines(runs, width, 0, 0, 0, 0, points, 0, rings);
      // With the numbers of the contour and of its corners: a rectangle.
      return 1000 * count + 100 * rings[2]! + points[2]! + points[5]!;
    },
  );

  // Version, type, height, width, channels, strides of rows, cells and channels, first channel.
  const block = shared([1, 1, 4, 4, 8, 32, 8, 1, 0]);
  const values = new Int8Array(4 * 4 * 8).fill(1);
  const found = [new Float32Array(64), new Uint16Array(64), new Int32Array(64)] as const;
  const limits = new Float64Array(8);
  await race(
    block,
    [
      [2, 4, 1 << 20],
      [5, 32, 1 << 28],
    ],
    () => native.decodeScan(values, block, new Float64Array(0), limits, 0, ...found, 0),
  );

  // Left, top, right, bottom, first and last column, first and last row.
  const crop = shared([0, 0, 16, 16, 0, 3, 0, 3]);
  const logits = new Float32Array(16).map((_, i) => (i % 3) - 1);
  const first = Int32Array.of(0, 2, 6, 10, 14, 16);
  const scales = Float64Array.of(0.25, -0.375, 0.25, -0.375);
  const pairs = new Int32Array(4096);
  await race(
    crop,
    [
      [7, 3, 1 << 24],
      [5, 3, 1 << 24],
      [2, 16, 1 << 24],
    ],
    () => native.decodeRuns(crop, logits, first, first, scales, pairs),
  );

  // First and last column, first and last row.
  const proto = shared([1, 0, 4, 4, 8, 32, 8, 1, 0]);
  const area = shared([0, 3, 0, 3]);
  const prototypes = new Float32Array(4 * 4 * 8);
  const sums = new Float32Array(16);
  await race(
    area,
    [
      [3, 3, 1 << 24],
      [1, 3, 1 << 24],
    ],
    () => native.decodeCombine(prototypes, proto, new Float64Array(0), new Float32Array(8), 0, area, sums),
  );
  process.stdout.write(`${JSON.stringify(outcomes)}\n`);
} else {
  const { numbers, changes, flags } = workerData as Job;
  for (let turn = 0; Atomics.load(flags, STOP) === 0; turn++) {
    const [index, right, wrong] = changes[turn % changes.length]!;
    Atomics.store(numbers, index, wrong);
    Atomics.store(numbers, index, right);
    if (turn === 0) {
      Atomics.store(flags, BEGUN, 1);
      Atomics.notify(flags, BEGUN);
    }
  }
}
