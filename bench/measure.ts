import { type Clock, steadyClock } from '../src/base/clock.js';
import { bytesPerRun } from './allocation.js';
import type { Case, Result } from './bench.js';
import { median, summarize } from './times.js';

export interface MeasureOptions {
  /** Milliseconds of warm-up for each case. */
  readonly warmUp: number;
  /** Milliseconds of measuring, including its yardsticks. */
  readonly duration: number;
  /** Minimum and maximum number of runs, however long they take. */
  readonly fewest: number;
  readonly most: number;
}

export const USUAL: MeasureOptions = { warmUp: 400, duration: 2000, fewest: 50, most: 2000 };
export const QUICK: MeasureOptions = { warmUp: 0, duration: 0, fewest: 3, most: 3 };

/** Minimum milliseconds of a sample, so that reading the clock is negligible; short runs are repeated. */
const SHORTEST_SAMPLE = 0.05;

/** Measures one case in turn with its yardsticks. @param clock for the times */
export async function measureCase(
  { name, run, yardsticks = [] }: Case,
  options: MeasureOptions,
  clock: Clock = steadyClock,
): Promise<Result> {
  const contestants = [{ run }, ...yardsticks].map(({ run: action }) => ({
    action,
    repeat: 1,
    times: [] as number[],
  }));
  const warmUntil = clock() + options.warmUp;
  for (const contestant of contestants) await sample(contestant, clock);
  while (clock() < warmUntil) for (const contestant of contestants) await sample(contestant, clock);
  for (const contestant of contestants) {
    const once = Math.min(await sample(contestant, clock), await sample(contestant, clock));
    contestant.repeat = Math.max(1, Math.min(10_000, Math.ceil(SHORTEST_SAMPLE / Math.max(once, 1e-5))));
  }
  const until = clock() + options.duration;
  const [own, ...others] = contestants;
  for (let round = 0; round < options.most; round++) {
    if (round >= options.fewest && clock() >= until) break;
    for (const contestant of contestants) contestant.times.push(await sample(contestant, clock));
  }
  const ratios = Object.fromEntries(
    others.map(({ times }, i) => [
      yardsticks[i]!.name,
      median(times.map((other, round) => own!.times[round]! / other)),
    ]),
  );
  const times = summarize(own!.times);
  return { name, times, bytes: await bytesPerRun(run, times.median), ratios };
}

/** @returns milliseconds of one run */
async function sample(
  { action, repeat }: { action: () => unknown; repeat: number },
  clock: Clock,
): Promise<number> {
  const start = clock();
  for (let i = 0; i < repeat; i++) {
    const pending = action();
    if (pending instanceof Promise) await pending;
  }
  return (clock() - start) / repeat;
}
