import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { BpuEngine, type BpuEngineOptions } from '../../src/engine/bpu-engine.js';
import { OnnxEngine } from '../../src/engine/onnx-engine.js';
import { encodeHeader, frameBytes, type PlaybackModel } from '../../src/engine/playback-format.js';
import { floatProperties, nv12Properties } from '../../src/engine/record.js';
import { noiseFrame } from '../native/frames.js';
import { recordConformanceModel } from './bpu-model.js';
import { testCameraEngine } from './camera-conformance.js';
import { infer, testEngine, valuesOf } from './conformance.js';
import { EMULATOR, withEmulator } from './emulator.js';
import { tenHeads } from './tiny-onnx.js';
import { itUnless } from '../skips.js';
import { temporaryFolder } from '../temporary-folder.js';

const folder = temporaryFolder('bpu');

const onnxFile = join(folder, 'heads.onnx');
writeFileSync(onnxFile, tenHeads(64, 64, ['cat', 'dog', 'bird']));

/** A model recorded elsewhere, for machines on which ONNX Runtime does not run (scripts/arm64.sh). */
const given = process.env['TROS_YOLO_SEG_RECORDED'];
const recorded = given === undefined ? recordConformanceModel(onnxFile, join(folder, 'heads.bin')) : given;

async function open(options: Partial<BpuEngineOptions> = {}): Promise<BpuEngine> {
  return BpuEngine.open({ file: await recorded, library: EMULATOR, ...options });
}

testEngine('bpu', (slots) => open({ slots }));
testCameraEngine('bpu', (slots) => open({ slots }));

describe('BpuEngine', () => {
  const frame = noiseFrame(64, 64, 1);

  const skip = given === undefined ? false : 'ONNX Runtime does not run here';
  itUnless(skip, 'gives the values of the engine the model was recorded from', async () => {
    const onnx = await OnnxEngine.open({ file: onnxFile, threads: 1 });
    const bpu = await open();
    assert.deepEqual(await infer(bpu, frame), await infer(onnx, frame));
    await Promise.all([onnx.close(), bpu.close()]);
  });

  it('refuses a frame the emulator does not know: one changed pixel is noticed', async () => {
    const engine = await open();
    const changed = noiseFrame(64, 64, 1);
    changed.data[64 * 40 + 17]! ^= 1;
    await assert.rejects(engine.submit(changed), /HB_DNN_RUN_TASK_FAILED \(-6000012\)/);
    await infer(engine, frame);
    await engine.close();
  });

  it('makes use after release an error, and after close, too', async () => {
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

  it('survives a view that was transferred elsewhere before close, where Node.js transfers it', async () => {
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
    ['an unknown code', 'fail_run=1,run_code=-42', {}, /code -42.*not documented/],
    ['a failed flush', 'fail_flush=1', {}, /hbSysFlushMem to clean.*HB_SYS_INVALID_ARGUMENT/],
    ['a core that X5 lacks', '', { core: 2 }, /HB_DNN_INVALID_ARGUMENT.*X5 has one BPU core/],
    ['a hanging BPU', 'hang=1', { timeout: 30 }, /a result within 30 ms.*HB_DNN_TIMEOUT.*hangs/],
  ] as const) {
    it(`answers ${what} with its name and a hint, and frees the slot`, async () => {
      await withEmulator(emulator, async () => {
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
      await withEmulator(emulator, () =>
        assert.rejects(open(options), { name: 'ExpectationError', message }),
      );
    });
  }

  it('loads none of a truncated model', async () => {
    const whole = readFileSync(await recorded);
    const file = join(folder, 'cut.bin');
    for (const length of [0, 7, 8, 30, 200, 2000, whole.length - 1]) {
      writeFileSync(file, whole.subarray(0, length));
      await assert.rejects(open({ file }), /HB_DNN_(INVALID_MODEL|CAN_NOT_OPEN_FILE)/, `${length} bytes`);
    }
  });

  it('wants a name where a file has several models, and takes it', async () => {
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
    await withEmulator('play_unknown=1', async () => {
      const second = await open({ file, name: 'right' });
      const inference = await second.submit(frame);
      assert.deepEqual(new Uint8Array(inference.tensors[0]!.data.slice().buffer), new Uint8Array(64).fill(1));
      inference.release();
      await second.close();
    });
  });

  it('saturates the BPU with two frames in flight, and takes turns on two cores', async () => {
    const rate = async (slots: number, cores: number): Promise<number> =>
      withEmulator(`busy_us=10000,overhead_us=8000,cores=${cores}`, async () => {
        const engine = await open({ slots });
        const count = 24;
        const start = performance.now();
        const lane = async (): Promise<void> => {
          for (let i = 0; i < count / slots; i++) (await engine.submit(frame)).release();
        };
        await Promise.all(Array.from({ length: slots }, lane));
        const elapsed = performance.now() - start;
        await engine.close();
        return (1000 * count) / elapsed;
      });
    const [one, two] = [await rate(1, 1), await rate(3, 1)];
    assert.ok(one > 35 && one <= 1000 / 18, `${one} FPS with one, of 55.6`);
    assert.ok(two > 75 && two <= 104, `${two} FPS with three, of 100`);
    const both = await rate(4, 2);
    assert.ok(both > 115, `${both} FPS on two cores`);
  });

  it('is as good after 100 times opening and closing', async () => {
    for (let i = 0; i < 100; i++) {
      const engine = await open({ slots: 1 });
      if (i % 10 === 0) assert.equal(valuesOf(await engine.submit(frame)).length, 10);
      await engine.close();
    }
  });
});
