import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { packageRoot } from '../../src/base/package-root.js';
import type { Bench, Result } from '../bench.js';

/** A line of build/bench/nv12-bench (native/bench/compare.h). */
interface Line {
  readonly task: string;
  readonly size: string;
  readonly by: string;
  readonly median_ns: number;
  readonly p95_ns: number;
  readonly p99_ns?: number;
  readonly rounds: number;
  readonly ratios: Record<string, number>;
}

export const bench: Bench = {
  summary:
    'letterbox and color conversion in C++ beside libyuv and memcpy (scripts/bench-native.sh builds it)',
  async run({ quick, note }) {
    const program = join(packageRoot, 'build/bench/nv12-bench');
    if (!existsSync(program)) {
      note('left out: there is no build/bench/nv12-bench; scripts/bench-native.sh builds it');
      return [];
    }
    const { stdout } = await promisify(execFile)(program, quick ? ['3'] : ['300'], { timeout: 300_000 });
    return stdout
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => resultOf(JSON.parse(line) as Line));
  },
};

function resultOf({ task, size, by, median_ns, p95_ns, p99_ns, rounds, ratios }: Line): Result {
  const times = {
    runs: rounds,
    median: median_ns / 1e6,
    p95: p95_ns / 1e6,
    p99: p99_ns === undefined ? undefined : p99_ns / 1e6,
  };
  return { name: `${task} ${size} by ${by}`, times, ratios };
}
