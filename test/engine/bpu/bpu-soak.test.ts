import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { before, describe, it } from 'mocha';
import { OnnxEngine } from '../../../src/engine/onnx/onnx-engine.js';
import { record } from '../../../tools/record/record.js';
import { repository } from '../../data.js';
import { noiseFrame } from '../../native/frames.js';
import { temporaryFolder } from '../../temporary-folder.js';
import { type BoardReport, EMULATOR } from './emulator.js';
import { tenHeads } from '../tiny-onnx.js';
import { printNote } from '../../skips.js';

interface Outcome {
  results: number;
  wrong: number;
  errors: Record<string, number>;
  refused: number;
  blocks: number[];
}

/** Frames of the soak: quick by default; TROS_YOLO_SEG_SOAK=10000 for the long one. */
const FRAMES = Number(process.env['TROS_YOLO_SEG_SOAK'] ?? 1000);

describe('the bpu engine under faults', () => {
  const folder = temporaryFolder('soak');
  const model = join(folder, 'heads.bin');

  before(async () => {
    const onnx = join(folder, 'heads.onnx');
    writeFileSync(onnx, tenHeads(64, 64, ['cat', 'dog', 'bird']));
    const engine = await OnnxEngine.open({ file: onnx, threads: 1 });
    const frames = [1, 2, 3].map((seed) => noiseFrame(64, 64, seed));
    await record(engine, frames, { file: model, name: 'heads', busy: 300, overhead: 200 });
    await engine.close();
  });

  /** Runs Node on a board of its own. @returns what it printed, and the board's report at unload */
  async function run(board: string, args: string[]): Promise<[string, BoardReport]> {
    const report = join(folder, 'report.json');
    const env = { ...process.env, TROS_YOLO_SEG_EMULATOR: `${board},report=${report}` };
    const { stdout } = await promisify(execFile)(process.execPath, args, { env });
    return [stdout, JSON.parse(readFileSync(report, 'utf8')) as BoardReport];
  }

  it(`settles each of ${FRAMES} frames and leaks nothing`, async function () {
    // Only frames that hang, and those behind them, are given up: the clock does not wait for a slow machine.
    const faults = 'clock=fast,fail_flush=0.005,fail_submit=0.03,fail_run=0.05,hang=0.02';
    const script = join(repository, 'dist/test/engine/bpu/bpu-soak.js');
    const [stdout, report] = await run(faults, [script, model, String(FRAMES)]);
    const { results, wrong, errors, refused, blocks } = JSON.parse(stdout) as Outcome;
    printNote(this, `${stdout.trim()} ${JSON.stringify(report)}`);
    const failed = Object.values(errors).reduce((sum, count) => sum + count, 0);
    assert.equal(results + failed, FRAMES);
    assert.equal(wrong, 0);
    assert.equal(refused, 0, 'slots that were not given back');
    const { HB_DNN_TIMEOUT: late, HB_DNN_RUN_TASK_FAILED: broken, ...others } = errors;
    // Whether so many are held at once is left to chance. A frame that then hangs in the canary fails with that.
    const outstanding = others['still outstanding'] ?? 0;
    delete others['still outstanding'];
    assert.ok(report.hung > 0 && late! + outstanding >= report.hung, stdout);
    assert.ok(broken! > 0 && results > FRAMES / 2, stdout);
    assert.deepEqual(Object.keys(others).sort(), ['HB_DNN_TASK_NUM_EXCEED_LIMIT', 'HB_SYS_INVALID_ARGUMENT']);
    // An input and ten outputs for each of six slots, and for at most 2 * 6 + 2 frames that timed out, and the canary.
    // They are counted while slots take new ones, an output at a time, so that the count may be of a part of eleven.
    const { tasksAlive, blocksAlive, violations } = report;
    const most = (6 + 14 + 1) * 11;
    assert.ok(Math.max(...blocks, blocksAlive) <= most, `${blocks.join()} blocks, at the end ${blocksAlive}`);
    assert.deepEqual({ tasksAlive, violations }, { tasksAlive: 0, violations: 0 });
    assert.ok(report.mostTasks <= 6);
  });

  it('continues while frames time out now and then on both cores of X3', async function () {
    const script = join(repository, 'dist/test/engine/bpu/bpu-soak.js');
    const [stdout, report] = await run('clock=fast,cores=2,hang=0.05', [script, model, '1500']);
    const { results, wrong, refused } = JSON.parse(stdout) as Outcome;
    printNote(this, `${stdout.trim()} ${JSON.stringify(report)}`);
    assert.ok(results > 750, stdout);
    assert.deepEqual(
      { wrong, refused, violations: report.violations },
      { wrong: 0, refused: 0, violations: 0 },
    );
  });

  for (const end of ['process.exit(0)', 'process.exitCode = 0']) {
    it(`leaves nothing behind when the process ends with frames in flight (${end})`, async () => {
      const url = (path: string): string => JSON.stringify(join(repository, 'dist', path));
      const script = `
        const { BpuEngine } = await import(${url('src/engine/bpu/bpu-engine.js')});
        const { noiseFrame } = await import(${url('test/native/frames.js')});
        const library = ${JSON.stringify(EMULATOR)};
        const engine = await BpuEngine.open({ file: ${JSON.stringify(model)}, library });
        await engine.submit(noiseFrame(64, 64, 1));
        engine.submit(noiseFrame(64, 64, 2)).catch(() => undefined);
        ${end};`;
      const [, report] = await run('busy_us=50000', ['--input-type=module', '-e', script]);
      const { tasksAlive, blocksAlive, violations } = report;
      assert.deepEqual(
        { tasksAlive, blocksAlive, violations },
        { tasksAlive: 0, blocksAlive: 0, violations: 0 },
      );
    });
  }
});
