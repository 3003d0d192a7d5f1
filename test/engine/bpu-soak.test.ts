import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'mocha';
import { OnnxEngine } from '../../src/engine/onnx-engine.js';
import { record } from '../../src/engine/record.js';
import { repository } from '../data.js';
import { noiseFrame } from '../native/frames.js';
import { tenHeads } from './tiny-onnx.js';
import { tell } from '../skips.js';

interface Outcome {
  results: number;
  wrong: number;
  errors: Record<string, number>;
  refused: number;
  memory: number[];
}

/** Frames of the soak: quick by default; TROS_YOLO_SEG_SOAK=10000 for the long one. */
const FRAMES = Number(process.env['TROS_YOLO_SEG_SOAK'] ?? 1000);

describe('the bpu engine under faults', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tros-yolo-seg-soak-'));
  after(() => rmSync(folder, { recursive: true }));

  it(`answers each of ${FRAMES} frames and loses nothing`, async function () {
    const onnx = join(folder, 'heads.onnx');
    const model = join(folder, 'heads.bin');
    writeFileSync(onnx, tenHeads(64, 64, ['cat', 'dog', 'bird']));
    const engine = await OnnxEngine.open({ file: onnx, threads: 1 });
    const frames = [1, 2, 3].map((seed) => noiseFrame(64, 64, seed));
    await record(engine, frames, { file: model, name: 'heads', busy: 300, overhead: 200 });
    await engine.close();

    const report = join(folder, 'report.json');
    const faults = 'fail_flush=0.005,fail_submit=0.03,fail_run=0.05,hang=0.02';
    const script = join(repository, 'dist/test/engine/bpu-soak.js');
    const stdout = execFileSync(process.execPath, [script, model, String(FRAMES)], {
      env: { ...process.env, TROS_YOLO_SEG_EMULATOR: `${faults},report=${report}` },
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const { results, wrong, errors, refused, memory } = JSON.parse(stdout) as Outcome;
    const failed = Object.values(errors).reduce((sum, count) => sum + count, 0);
    assert.equal(results + failed, FRAMES);
    assert.equal(wrong, 0);
    assert.equal(refused, 0, 'slots that were not given back');
    assert.ok(results > FRAMES / 2 && Object.keys(errors).length >= 4, stdout);
    // The second half of the run. V8 warms up for some thousand frames, so a short one only bounds a gross leak.
    assert.ok(memory.at(-1)! - memory[4]! < (FRAMES < 5000 ? 40 : 10), `RSS in MB: ${memory.join()}`);

    const counters = JSON.parse(readFileSync(report, 'utf8')) as Record<string, number>;
    tell(this, `${stdout.trim()} ${JSON.stringify(counters)}`);
    const { tasksAlive, blocksAlive, modelsAlive, violations } = counters;
    const nothing = { tasksAlive: 0, blocksAlive: 0, modelsAlive: 0, violations: 0 };
    assert.deepEqual({ tasksAlive, blocksAlive, modelsAlive, violations }, nothing);
    assert.ok(counters['mostTasks']! <= 6 && counters['hung']! > 0);
  });

  for (const end of ['process.exit(0)', 'process.exitCode = 0']) {
    it(`leaves nothing behind when the process ends with frames in flight (${end})`, () => {
      const report = join(folder, 'exit.json');
      const url = (path: string): string => JSON.stringify(join(repository, 'dist', path));
      const script = `
        const { BpuEngine } = await import(${url('src/engine/bpu-engine.js')});
        const { noiseFrame } = await import(${url('test/native/frames.js')});
        const library = ${JSON.stringify(join(repository, 'build/native/emulator/libdnn.so'))};
        const engine = await BpuEngine.open({ file: ${JSON.stringify(join(folder, 'heads.bin'))}, library });
        await engine.submit(noiseFrame(64, 64, 1));
        engine.submit(noiseFrame(64, 64, 2)).catch(() => undefined);
        ${end};`;
      execFileSync(process.execPath, ['--input-type=module', '-e', script], {
        env: { ...process.env, TROS_YOLO_SEG_EMULATOR: `busy_us=50000,report=${report}` },
        timeout: 20_000,
      });
      const { tasksAlive, blocksAlive, violations } = JSON.parse(readFileSync(report, 'utf8')) as Record<
        string,
        number
      >;
      assert.deepEqual(
        { tasksAlive, blocksAlive, violations },
        { tasksAlive: 0, blocksAlive: 0, violations: 0 },
      );
    });
  }
});
