import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { record } from '../../tools/record/record.js';
import { packageRoot } from '../../src/base/package-root.js';
import type { Bench, BenchContext, Result } from '../bench.js';
import { benchHeads, noiseFrame, stillEngine } from '../material.js';
import { emulator, lastLine, launchEnvironment, whatIsMissing } from '../sourced.js';
import { withMiddleware } from '../zenoh.js';

const MESSAGES = ['image', 'hbm1080p'];
const TRANSPORTS = ['native', 'rclnodejs'];
const RATE = 30;

/** The used part of the output of tools/measure/node.py. */
interface Measured {
  readonly middleware: string;
  readonly transport: string;
  readonly seconds: number;
  readonly answered: number;
  readonly dropped: number;
  readonly js_busy_percent: number;
  readonly segment_cpu_percent: number;
  readonly added_latency_p50_ms: number;
  readonly added_latency_p95_ms: number;
  readonly added_latency_p99_ms: number;
  readonly latency_from_stamp_p50_ms: number;
  readonly wait_p50_ms: number;
  readonly preprocess_p50_ms: number;
  readonly inference_p50_ms: number;
  readonly decode_p50_ms: number;
  readonly publish_p50_ms: number;
}

export const bench: Bench = {
  summary: 'the ROS 2 node with a 1080p camera of 30 FPS, where a workspace with tros_yolo_seg is sourced',
  async run(context) {
    const missing = whatIsMissing(script());
    if (missing !== undefined) {
      context.note(`left out: ${missing}`);
      return [];
    }
    const folder = mkdtempSync(join(tmpdir(), 'tros-yolo-seg-bench-'));
    try {
      const model = join(folder, 'model.bin');
      await record(stillEngine(await benchHeads()), [noiseFrame(1920, 1080)], { file: model, name: 'bench' });
      const results: Result[] = [];
      await withMiddleware(async (env) => {
        for (const message of MESSAGES) {
          for (const transport of TRANSPORTS) {
            try {
              results.push(await measureNode(model, message, transport, env, context));
            } catch (error) {
              context.note(`${message} by ${transport} left out: ${lastLine(error)}`);
            }
          }
        }
      }, launchEnvironment());
      return results;
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
};

function script(): string {
  return join(packageRoot, 'tools/measure/node.py');
}

async function measureNode(
  model: string,
  message: string,
  transport: string,
  env: NodeJS.ProcessEnv,
  { quick }: BenchContext,
): Promise<Result> {
  const seconds = quick ? 2 : 40;
  const { stdout } = await promisify(execFile)(
    'python3',
    [
      script(),
      ...['--model', model, '--library', emulator(), '--message', message],
      ...['--rate', String(RATE), '--seconds', String(seconds)],
      ...['--node', `camera_transport:=${transport}`],
    ],
    { env, timeout: 180_000, killSignal: 'SIGINT' },
  );
  const measured = JSON.parse(stdout) as Measured;
  return {
    name: `${message} by ${transport}, ${measured.middleware}; added latency`,
    times: {
      runs: measured.answered,
      median: measured.added_latency_p50_ms,
      p95: measured.added_latency_p95_ms,
      p99: measured.added_latency_p99_ms,
    },
    values: {
      FPS: measured.answered / measured.seconds,
      dropped: measured.dropped,
      'from stamp ms': measured.latency_from_stamp_p50_ms,
      'wait ms': measured.wait_p50_ms,
      'letterbox ms': measured.preprocess_p50_ms,
      'network ms': measured.inference_p50_ms,
      'decode ms': measured.decode_p50_ms,
      'publish ms': measured.publish_p50_ms,
      'JS busy %': measured.js_busy_percent,
      'CPU %': measured.segment_cpu_percent,
    },
  };
}
