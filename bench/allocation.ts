import { GCProfiler, getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { median } from './times.js';

/** Maximum milliseconds for the runs of one reading. */
const LONGEST_READING = 50;
/** Heap that may be allocated between two readings: well below V8's young generation, which is collected when it is full. */
const MOST_BYTES = 1 << 21;
const READINGS = 3;

/**
 * Bytes that one run allocates: the growth of the heap and the array buffers over several runs without a garbage collection.
 * Node does not report total allocations, so garbage is collected before each reading, and a reading during which the heap
 * was collected is repeated with fewer runs.
 *
 * @param expected approximate milliseconds of a run
 * @returns undefined if a single run allocates so much that the heap is collected during it
 */
export async function bytesPerRun(run: () => unknown, expected: number): Promise<number | undefined> {
  const collect = garbageCollector();
  const empty = await growth(() => undefined, 1, collect);
  let runs = Math.max(1, Math.min(64, Math.floor(LONGEST_READING / expected)));
  const readings: number[] = [];
  for (let attempt = 0; readings.length < READINGS && attempt < 40; attempt++) {
    const grown = await growth(run, runs, collect);
    if (grown !== undefined && (grown <= MOST_BYTES || runs === 1)) {
      readings.push(Math.max(0, grown - (empty ?? 0)) / runs);
    } else if (runs > 1) {
      runs = Math.max(1, runs >> 2);
      readings.length = 0;
    }
  }
  return readings.length === 0 ? undefined : Math.round(median(readings));
}

/** @returns undefined if something was collected in the meantime */
async function growth(run: () => unknown, runs: number, collect: () => void): Promise<number | undefined> {
  // A collection frees buffers in the background; the next one waits for that.
  collect();
  collect();
  const profiler = new GCProfiler();
  profiler.start();
  const before = allocated();
  for (let i = 0; i < runs; i++) {
    const pending = run();
    if (pending instanceof Promise) await pending;
  }
  const after = allocated();
  if (profiler.stop().statistics.length > 0) return undefined;
  return after.heap - before.heap + after.buffers - before.buffers;
}

function allocated(): { heap: number; buffers: number } {
  return { heap: getHeapStatistics().used_heap_size, buffers: process.memoryUsage().arrayBuffers };
}

let collector: (() => void) | undefined;

/** V8's collector, which is not exposed by default. */
export function garbageCollector(): () => void {
  if (!collector) {
    setFlagsFromString('--expose-gc');
    collector = runInNewContext('gc') as () => void;
  }
  return collector;
}
