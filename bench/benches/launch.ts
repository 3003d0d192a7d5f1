import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { record } from '../../tools/record/record.js';
import { packageRoot } from '../../src/base/package-root.js';
import type { Bench } from '../bench.js';
import { benchHeads, noiseFrame, stillEngine } from '../material.js';
import { emulator, lastLine, launchEnvironment, whatIsMissing } from '../sourced.js';
import { withMiddleware } from '../zenoh.js';

/** The used part of the output of tools/measure/launch.py. */
interface Measured {
  readonly launch_s: readonly number[];
  readonly rest_mb: Memory;
  readonly work_mb: Memory;
}

interface Memory {
  readonly resident: number;
  readonly files: number;
  readonly anonymous: number;
  readonly peak: number;
}

export const bench: Bench = {
  summary:
    'the ROS 2 node from its launch to the first result of a 1080p camera, and its memory, where a workspace is sourced',
  async run({ quick, note }) {
    const script = join(packageRoot, 'tools/measure/launch.py');
    const missing = whatIsMissing(script);
    if (missing !== undefined) {
      note(`left out: ${missing}`);
      return [];
    }
    const folder = mkdtempSync(join(tmpdir(), 'tros-yolo-seg-bench-'));
    try {
      const model = join(folder, 'model.bin');
      await record(stillEngine(await benchHeads()), [noiseFrame(1920, 1080)], { file: model, name: 'bench' });
      const launches = quick ? 1 : 7;
      const options = ['--seconds', quick ? '3' : '60', '--launches', String(launches)];
      const { stdout } = await withMiddleware(
        (env) =>
          promisify(execFile)('python3', [script, '--model', model, '--library', emulator(), ...options], {
            env,
            timeout: 300_000,
            killSignal: 'SIGINT',
          }),
        launchEnvironment(),
      );
      const { launch_s: seconds, rest_mb: rest, work_mb: work } = JSON.parse(stdout) as Measured;
      const sorted = seconds.toSorted((a, b) => a - b);
      return [
        {
          name: 'from launch to the first result of a 1080p camera of 30 FPS',
          values: {
            launches,
            'median s': sorted[Math.floor(launches / 2)]!,
            'longest s': sorted.at(-1)!,
          },
        },
        { name: 'memory at rest', values: megabytes(rest) },
        { name: 'memory at work', values: megabytes(work) },
      ];
    } catch (error) {
      note(`left out: ${lastLine(error)}`);
      return [];
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
};

function megabytes({ resident, files, anonymous, peak }: Memory): Record<string, number> {
  return { 'resident MB': resident, 'of files MB': files, 'anonymous MB': anonymous, 'peak MB': peak };
}
