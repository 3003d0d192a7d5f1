import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { bytesPerRun } from '../../src/bench/allocation.js';
import { measureCase, QUICK } from '../../src/bench/measure.js';
import { median, quantile, summarise } from '../../src/bench/times.js';

describe('statistics of a bench', () => {
  it('gives quantiles of runs in any order', () => {
    const times = Array.from({ length: 100 }, (_, i) => ((i * 37) % 100) + 1);
    assert.deepEqual(summarise(times), { runs: 100, median: 51, p95: 96, p99: 100 });
    assert.equal(median([3, 1, 2]), 2);
    assert.equal(quantile([5], 0.99), 5);
    assert.ok(Number.isNaN(quantile([], 0.5)));
  });

  it('compares a case with its yardsticks', async () => {
    const busy = (milliseconds: number) => (): void => {
      const until = performance.now() + milliseconds;
      while (performance.now() < until);
    };
    const options = { ...QUICK, fewest: 9, most: 9 };
    const yardsticks = [{ name: 'other', run: busy(1) }];
    const { times, ratios } = await measureCase({ name: 'slow', run: busy(4), yardsticks }, options);
    assert.equal(times!.runs, 9);
    assert.ok(times!.median >= 4);
    // Wide bounds: the machine may be busy with other things.
    assert.ok(ratios!['other']! > 1.2, `${ratios!['other']}`);
    const slow = [{ name: 'other', run: busy(4) }];
    const { ratios: inverse } = await measureCase({ name: 'fast', run: busy(1), yardsticks: slow }, options);
    assert.ok(inverse!['other']! < 0.8, `${inverse!['other']}`);
  });

  it('waits for what is asynchronous', async () => {
    let running = 0;
    const { times } = await measureCase(
      {
        name: 'sleep',
        run: async () => {
          assert.equal(running++, 0);
          await new Promise((resolve) => setTimeout(resolve, 5));
          running--;
        },
      },
      QUICK,
    );
    assert.ok(times!.median >= 4);
  });
});

describe('bytes per run', () => {
  it('counts what lies on the heap and in buffers', async () => {
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

  it('finds next to nothing where nothing is allocated', async () => {
    const data = new Float64Array(1000);
    const bytes = await bytesPerRun(() => void data.fill(1), 0.01);
    assert.ok(bytes! < 500, `${bytes}`);
  });
});
