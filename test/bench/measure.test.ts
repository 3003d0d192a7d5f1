import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import { describe, it } from 'mocha';
import { bytesPerRun } from '../../bench/allocation.js';
import { measureCase, QUICK } from '../../bench/measure.js';
import { quantile } from '../../src/base/numbers.js';
import { median, summarize } from '../../bench/times.js';
import { ManualClock } from '../manual-clock.js';

describe('statistics of a bench', () => {
  it('gives quantiles of runs in any order', () => {
    const times = Array.from({ length: 100 }, (_, i) => ((i * 37) % 100) + 1);
    assert.deepEqual(summarize(times), { runs: 100, median: 51, p95: 96, p99: 100 });
    assert.equal(median([3, 1, 2]), 2);
    assert.equal(quantile([5], 0.99), 5);
    assert.ok(Number.isNaN(quantile([], 0.5)));
  });

  /** A clock and work that takes so long by it. */
  function clockAndWork(): { clock: ManualClock; work: (milliseconds: number) => () => void } {
    const clock = new ManualClock();
    return { clock, work: (milliseconds) => () => clock.pass(milliseconds) };
  }

  it('compares a case with its yardsticks, round by round', async () => {
    const { clock, work } = clockAndWork();
    const options = { ...QUICK, fewest: 9, most: 9 };
    let round = 0;
    const drifting = (share: number) => (): void => clock.pass(share * (1 + (round++ >> 1)));
    const { times, ratios } = await measureCase(
      { name: 'slow', run: work(4), yardsticks: [{ name: 'other', run: work(1) }] },
      options,
      clock.now,
    );
    assert.deepEqual(times, { runs: 9, median: 4, p95: 4, p99: 4 });
    assert.deepEqual(ratios, { other: 4 });
    // A machine that grows slower: the ratio stays.
    const drift = await measureCase(
      { name: 'fast', run: drifting(1), yardsticks: [{ name: 'other', run: drifting(4) }] },
      options,
      clock.now,
    );
    assert.equal(drift.ratios!['other'], 0.25);
    assert.ok(drift.times!.p95 > drift.times!.median);
  });

  it('repeats a run that is too short for the clock, and gives the time of one run', async () => {
    const { clock } = clockAndWork();
    let runs = 0;
    const run = (): void => (runs++, clock.pass(0.001));
    const { times } = await measureCase({ name: 'short', run }, { ...QUICK, fewest: 4, most: 4 }, clock.now);
    assert.ok(Math.abs(times!.median - 0.001) < 1e-9, `${times!.median}`);
    // Some to find out, four samples of 50 us, and those that count bytes.
    assert.ok(runs >= 3 + 4 * 50, `${runs} runs`);
  });

  it('runs for the given time, within the minimum and maximum number of runs', async () => {
    const { clock, work } = clockAndWork();
    const runsIn = async (duration: number): Promise<number> => {
      const options = { warmUp: 0, duration, fewest: 5, most: 50 };
      return (await measureCase({ name: 'work', run: work(10) }, options, clock.now)).times!.runs;
    };
    assert.deepEqual([await runsIn(0), await runsIn(200), await runsIn(10_000)], [5, 20, 50]);
  });

  it('waits for asynchronous runs', async () => {
    const { clock } = clockAndWork();
    let running = 0;
    const { times } = await measureCase(
      {
        name: 'sleep',
        run: async () => {
          assert.equal(running++, 0);
          await setImmediate();
          clock.pass(5);
          running--;
        },
      },
      QUICK,
      clock.now,
    );
    assert.deepEqual(times, { runs: 3, median: 5, p95: 5, p99: 5 });
  });
});

describe('bytes per run', () => {
  it('counts memory on the heap and in buffers', async () => {
    const kept: unknown[] = [];
    const objects = await bytesPerRun(() => {
      kept[0] = Array.from({ length: 1000 }, (_, i) => ({ i }));
    }, 0.1);
    assert.ok(objects! > 20_000 && objects! < 120_000, `${objects}`);
    const buffer = await bytesPerRun(() => {
      kept[0] = new Uint8Array(100_000);
    }, 0.1);
    assert.ok(buffer! >= 100_000 && buffer! < 110_000, `${buffer}`);
  });

  it('are almost zero if nothing is allocated', async () => {
    const data = new Float64Array(1000);
    const bytes = await bytesPerRun(() => void data.fill(1), 0.01);
    assert.ok(bytes! < 500, `${bytes}`);
  });
});
