import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import type { BpuEngine, BpuEngineOptions } from '../../../src/engine/bpu/bpu-engine.js';
import { OnnxEngine } from '../../../src/engine/onnx/onnx-engine.js';
import { encodeHeader, frameBytes, type PlaybackModel } from '../../../tools/record/playback-format.js';
import { floatProperties, nv12Properties } from '../../../tools/record/record.js';
import { addon } from '../../../src/native/addon.js';
import { noiseFrame } from '../../native/frames.js';
import { recordConformanceModel } from './bpu-model.js';
import { testCameraEngine } from '../camera-conformance.js';
import { collectGarbage, infer, testEngine, valuesOf } from '../conformance.js';
import {
  type BoardReport,
  boardReport,
  EMULATOR,
  onSteppedBoard,
  openEmulated,
  reconfigure,
  withEmulator,
} from './emulator.js';
import { tenHeads } from '../tiny-onnx.js';
import { itUnless } from '../../skips.js';
import { temporaryFolder } from '../../temporary-folder.js';

const folder = temporaryFolder('bpu');

const onnxFile = join(folder, 'heads.onnx');
writeFileSync(onnxFile, tenHeads(64, 64, ['cat', 'dog', 'bird']));

/** A model recorded elsewhere, for machines on which ONNX Runtime does not run (scripts/arm64.sh). */
const given = process.env['TROS_YOLO_SEG_RECORDED'];
const recorded = given === undefined ? recordConformanceModel(onnxFile, join(folder, 'heads.bin')) : given;

async function open(options: Partial<BpuEngineOptions> = {}): Promise<BpuEngine> {
  return openEmulated({ file: await recorded, ...options });
}

testEngine('bpu', (slots) => open({ slots }));
testCameraEngine('bpu', (slots) => open({ slots }));

describe('BpuEngine', () => {
  const frame = noiseFrame(64, 64, 1);

  const skip = given === undefined ? false : 'ONNX Runtime does not run here';
  itUnless(skip, 'gives the values of the engine from which the model was recorded', async () => {
    const onnx = await OnnxEngine.open({ file: onnxFile, threads: 1 });
    const bpu = await open();
    assert.deepEqual(await infer(bpu, frame), await infer(onnx, frame));
    await Promise.all([onnx.close(), bpu.close()]);
  });

  it('names queue_size when there is no memory for the frames of a camera that may wait', async () => {
    const engine = await open({ slots: 1 });
    const camera = addon().injectCamera();
    const handlers = { result: () => assert.fail('a result'), failure: () => assert.fail('a failure') };
    await assert.rejects(reconfigure('fail_alloc=1', await recorded)); // which is configured by then
    assert.throws(() => engine.attach(camera, handlers, 3), {
      name: 'ExpectationError',
      message:
        /waiting frames of a camera: 3 of 6144 bytes each \(queue_size is 3\) but received HB_SYS_OUT_OF_MEMORY.* for number 1\. Lower queue_size/,
    });
    await reconfigure('clock=fast', await recorded);
    await engine.attach(camera, handlers, 3).detach();
    camera.close();
    await engine.close();
  });

  it('fails for a frame that was not recorded, even if one pixel differs', async () => {
    const engine = await open();
    const changed = noiseFrame(64, 64, 1);
    changed.data[64 * 40 + 17]! ^= 1;
    await assert.rejects(engine.submit(changed), /HB_DNN_RUN_TASK_FAILED \(-6000012\)/);
    await infer(engine, frame);
    await engine.close();
  });

  it('throws for uses after release or close', async () => {
    const engine = await open();
    const inference = await engine.submit(frame);
    const [tensor] = inference.tensors;
    const { data } = tensor!;
    assert.ok(data.length > 0);
    inference.release();
    assert.throws(() => inference.tensors, /not released/);
    assert.throws(() => tensor!.data, /not released/);
    const held = await engine.submit(frame);
    await engine.close();
    assert.throws(() => held.tensors, /closed engine/);
    assert.equal(data.length, 0, 'the view is detached');
    held.release();
  });

  it('survives a view that was transferred elsewhere before close, if Node.js allows the transfer', async () => {
    const engine = await open({ slots: 1 });
    const { tensors } = await engine.submit(frame);
    const { data } = tensors[0]!;
    const [before] = data;
    let kept: typeof data;
    try {
      kept = structuredClone(data, { transfer: [data.buffer as ArrayBuffer] });
    } catch (error) {
      // Newer releases leave the memory of an addon where it is (22.23, 24 and 26 do, 20 does not).
      assert.equal((error as Error).name, 'DataCloneError');
      kept = data.slice();
    }
    await engine.close();
    assert.equal(kept[0], before);
  });

  for (const [what, emulator, options, message] of [
    [
      'a refused task',
      'fail_submit=1',
      {},
      /hbDNNInfer to accept a frame.*HB_DNN_TASK_NUM_EXCEED_LIMIT.*32 tasks/,
    ],
    ['a failed task', 'fail_run=1,run_code=-6000007', {}, /HB_DNN_OUT_OF_MEMORY \(-6000007\).*fewer slots/],
    ['an unknown code', 'fail_run=1,run_code=-42', {}, /code -42.*does not document/],
    ['a failed flush', 'fail_flush=1', {}, /hbSysFlushMem to clean.*HB_SYS_INVALID_ARGUMENT/],
    ['a core that X5 lacks', 'cores=1', { core: 2 }, /HB_DNN_INVALID_ARGUMENT.*X5 has one BPU core/],
    ['a hanging BPU', 'hang=1', { timeout: 30 }, /a result within 30 ms.*HB_DNN_TIMEOUT.*hangs/],
  ] as const) {
    it(`reports ${what} with its name and a hint, and frees the slot`, async () => {
      await withEmulator(`clock=fast,${emulator}`, async () => {
        const engine = await open({ slots: 1, ...options });
        for (let i = 0; i < 3; i++)
          await assert.rejects(engine.submit(frame), { name: 'ExpectationError', message });
        await engine.close();
      });
    });
  }

  for (const [what, emulator, options, message] of [
    [
      'a damaged model',
      'corrupt_model=1',
      {},
      /hbDNNInitializeFromFiles to load .*HB_DNN_INVALID_MODEL.*copy it again/,
    ],
    ['a missing file', '', { file: '/nowhere.bin' }, /\/nowhere\.bin.*HB_DNN_CAN_NOT_OPEN_FILE/],
    ['a file of another kind', '', { file: onnxFile }, /HB_DNN_INVALID_MODEL/],
    ['too little memory', 'fail_alloc=1', {}, /HB_SYS_OUT_OF_MEMORY.*fewer slots/],
    ['a model the file lacks', '', { name: 'nose' }, /Expected the name of a model.*nose.*It has heads/],
    ['33 slots', '', { slots: 33 }, /from 1 to 32 for slots/],
    ['core 3', '', { core: 3 }, /from 0 to 2 for core/],
    ['priority 256', '', { priority: 256 }, /from 0 to 255 for priority/],
    ['no time at all', '', { timeout: 0 }, /for timeout/],
  ] as const) {
    it(`refuses ${what} at load`, async () => {
      await withEmulator(`clock=fast,${emulator}`, () =>
        assert.rejects(open(options), { name: 'ExpectationError', message }),
      );
    });
  }

  it('refuses a truncated model', async () => {
    const whole = readFileSync(await recorded);
    const file = join(folder, 'cut.bin');
    for (const length of [0, 7, 8, 30, 200, 2000, whole.length - 1]) {
      writeFileSync(file, whole.subarray(0, length));
      await assert.rejects(open({ file }), /HB_DNN_(INVALID_MODEL|CAN_NOT_OPEN_FILE)/, `${length} bytes`);
    }
  });

  it('requires and uses a name for a file with several models', async () => {
    const file = join(folder, 'two.bin');
    const output = {
      ...floatProperties({
        name: 'a',
        shape: [1, 2, 2, 4],
        stride: [16, 8, 4, 1],
        type: 'float32',
        quantization: { kind: 'none' },
      }),
    };
    const input = nv12Properties({ input: { width: 40, height: 32 } });
    assert.deepEqual(input.alignedShape, [1, 3, 32, 48]);
    const models: PlaybackModel[] = ['left', 'right'].map((name) => ({
      ...{ name, busy: 0, overhead: 0, inputs: [input], frameCount: 1 },
      outputs: [{ ...output, name: `${name}-out` }],
    }));
    const frames = models.map((model, i) => new Uint8Array(frameBytes(model)).fill(i));
    writeFileSync(file, Buffer.concat([encodeHeader(models), ...frames]));
    await assert.rejects(open({ file }), /one of the models.*none.*It has left, right/);
    const engine = await open({ file, name: 'right' });
    assert.deepEqual(engine.properties.names, ['left', 'right']);
    assert.equal(engine.model.outputs[0]!.name, 'right-out');
    await engine.close();
    await withEmulator('clock=fast,play_unknown=1', async () => {
      const second = await open({ file, name: 'right' });
      const inference = await second.submit(frame);
      assert.deepEqual(new Uint8Array(inference.tensors[0]!.data.slice().buffer), new Uint8Array(64).fill(1));
      inference.release();
      await second.close();
    });
  });

  // One frame takes 18 ms, of which it has a core for 10: from 4 ms on to 14.
  const PACE = 'busy_us=10000,overhead_us=8000';

  it('runs frames on the BPU without a gap if several are in flight', () =>
    onSteppedBoard(PACE, async (board) => {
      const engine = await open({ slots: 3 });
      const pending = [];
      for (let i = 1; i <= 3; i++) {
        pending.push(engine.submit(frame));
        board.untilTasks(i);
      }
      const ends = [];
      for (let time = 0; time <= 40; time += 2) {
        while (board.succeeded > ends.length) ends.push(time);
        board.advance(2000);
      }
      assert.deepEqual(ends, [14, 24, 34]);
      for (const inference of await Promise.all(pending)) inference.release();
      await engine.close();
    }));

  it('runs two frames on two cores at once', () =>
    onSteppedBoard(`${PACE},cores=2`, async (board) => {
      const engine = await open({ slots: 4 });
      const pending = [];
      for (let i = 1; i <= 4; i++) {
        pending.push(engine.submit(frame));
        board.untilTasks(i);
      }
      board.advance(13_999);
      assert.equal(board.succeeded, 0);
      board.advance(1);
      assert.equal(board.succeeded, 2);
      board.advance(9_999);
      assert.equal(board.succeeded, 2);
      board.advance(1);
      assert.equal(board.succeeded, 4);
      board.advance(4_000);
      for (const inference of await Promise.all(pending)) inference.release();
      await engine.close();
    }));

  it('abandons a frame at its timeout, not before, and frees the slot', () =>
    onSteppedBoard(`${PACE},hang=1`, async (board) => {
      const engine = await open({ slots: 1, timeout: 30 });
      let settled = false;
      const pending = engine.submit(frame).finally(() => (settled = true));
      pending.catch(() => undefined);
      board.untilTasks(1);
      board.advance(29_999);
      assert.equal(board.hung, 1);
      await assert.rejects(engine.submit(frame), /a free slot/);
      assert.equal(settled, false);
      board.advance(1);
      await assert.rejects(pending, /a result within 30 ms.*HB_DNN_TIMEOUT/);
      board.advance(2_000); // the BPU lets go of the memory
      assert.equal(board.failed, 1);
      assert.equal(engine.free, 1);
      await engine.close();
    }));

  it('abandons a frame at its timeout, however long that is', () =>
    onSteppedBoard(`${PACE},hang=1`, async (board) => {
      const { violations } = boardReport();
      const engine = await open({ slots: 1, timeout: 1700 });
      const pending = engine.submit(frame);
      pending.catch(() => undefined);
      board.untilTasks(1);
      board.advance(1_699_999);
      assert.equal(boardReport().tasksAlive, 1);
      board.advance(1);
      await assert.rejects(pending, /a result within 1700 ms.*HB_DNN_TIMEOUT/);
      board.advance(2_000);
      assert.equal(boardReport().violations, violations);
      await engine.close();
    }));

  it('does not abandon a frame that finishes at the moment of its timeout', () =>
    onSteppedBoard('busy_us=30000,overhead_us=0', async (board) => {
      const engine = await open({ slots: 1, timeout: 30 });
      const pending = engine.submit(frame);
      board.untilTasks(1);
      board.advance(30_000);
      (await pending).release();
      await engine.close();
    }));

  it('abandons a frame that exceeds its timeout', () =>
    onSteppedBoard('busy_us=30000,overhead_us=2', async (board) => {
      const engine = await open({ slots: 1, timeout: 30 });
      const pending = engine.submit(frame);
      pending.catch(() => undefined);
      board.untilTasks(1);
      board.advance(30_000);
      await assert.rejects(pending, /HB_DNN_TIMEOUT/);
      board.advance(2_000);
      assert.deepEqual([board.succeeded, board.failed], [0, 1]);
      await engine.close();
    }));

  it('runs on a real clock by default', async () => {
    await withEmulator('busy_us=0,overhead_us=0', async () => {
      const engine = await open();
      await infer(engine, frame);
      assert.throws(() => addon().openEmulator(EMULATOR).advance(1), /a board with clock=manual/);
      await engine.close();
    });
    await withEmulator('clock=sundial', () => assert.rejects(open(), /HB_DNN_INVALID_ARGUMENT/));
  });

  it('works after it was opened and closed 100 times, with no memory left on the board', async () => {
    const alive = ({ tasksAlive, blocksAlive, modelsAlive, violations }: BoardReport): number[] => [
      ...[tasksAlive, blocksAlive, modelsAlive, violations],
    ];
    await collectGarbage();
    const before = alive(boardReport());
    for (let i = 0; i < 100; i++) {
      const engine = await open({ slots: 1 });
      if (i % 10 === 0) assert.equal(valuesOf(await engine.submit(frame)).length, 10);
      await engine.close();
    }
    await collectGarbage(); // outputs go with their views
    assert.deepEqual(alive(boardReport()), before);
  });
});
