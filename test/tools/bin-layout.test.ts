import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { Decoder } from '../../src/vision/decode/decoder.js';
import { recognizeHeads } from '../../src/vision/decode/heads.js';
import type { Segmentation } from '../../src/vision/mask/segmentation.js';
import { readBinLayout } from '../../tools/record/bin-layout.js';
import type { Engine } from '../../src/engine/engine.js';
import { OnnxEngine } from '../../src/engine/onnx/onnx-engine.js';
import { record } from '../../tools/record/record.js';
import type { Nv12Frame } from '../../src/vision/picture/nv12-frame.js';
import { SceneSource } from '../../src/media/scene/index.js';
import { type BinModel, withBin } from '../../src/model/bin/bin-model.js';
import { binOutputs, dequantizeNodes } from '../../src/model/bin/bin-tensors.js';
import { removeDequantizeNodes } from '../../src/model/bin/dequantize-bin.js';
import { cutModel } from '../../src/model/prepare/cut.js';
import { demoModel } from '../../src/model/demo-model.js';
import { sharedData } from '../data.js';
import { maskIou } from '../vision/decode/recorded.js';
import { binFile, type BinHead, type BinFileOptions, binHeadList } from '../model/bin/bin-file.js';
import { stockModel } from '../model/onnx/stock-model.js';
import { noiseFrame } from '../native/frames.js';
import { itUnless } from '../skips.js';
import { temporaryFolder } from '../temporary-folder.js';
import { openEmulated, withEmulator } from '../engine/bpu/emulator.js';

const folder = temporaryFolder('bin-layout');
const file = (name: string): string => join(folder, name);

/** The demo model as hb_mapper would order its heads. */
const SCENE: BinFileOptions = { classes: 6, width: 512, height: 288, coefficients: 32 };

async function sceneFrame(): Promise<Nv12Frame> {
  for await (const item of new SceneSource({ seed: 900_000, count: 1 }).frames()) return item.frame;
  throw new Error('no frame');
}

async function segment(engine: Engine, frame: Nv12Frame): Promise<Segmentation> {
  const decoder = new Decoder(recognizeHeads(engine.model.outputs, engine.model.input));
  const inference = await engine.submit(frame);
  const result = decoder.decode(inference.tensors, inference.letterbox);
  inference.release();
  return result;
}

/** Writes a .bin, some of its de-quantize nodes removed, and a recording of `onnx` in its likeness. */
async function recordLike(
  onnx: Engine,
  frame: Nv12Frame,
  name: string,
  options: BinFileOptions,
  removed: (output: string, index: number) => boolean,
): Promise<string> {
  const [pattern, recording] = [file(`${name}-real.bin`), file(`${name}.bin`)];
  writeFileSync(pattern, binFile(options));
  withBin(pattern, (model) => {
    const nodes = dequantizeNodes(model);
    const names = model.outputs.flatMap((output, i) =>
      removed(output.name, i) ? [nodes.get(output.name)!.name] : [],
    );
    removeDequantizeNodes(model, names, pattern);
  });
  const like = readBinLayout(pattern);
  await record(onnx, [frame], { file: recording, name: like.name, like });
  return recording;
}

/** Names, types, shapes and scales of an engine's outputs. */
function shown(
  outputs: readonly {
    name: string;
    type?: string | undefined;
    shape: readonly number[];
    quantization: unknown;
  }[],
): unknown {
  return outputs.map(({ name, type, shape, quantization }) => ({ name, type, shape, quantization }));
}

const outputsOf = (model: BinModel): unknown => shown(binOutputs(model));

describe('a recording with the layout of a .bin', () => {
  const role = (index: number): string => binHeadList(SCENE)[index]!.role;
  const flavors: Record<string, (output: string, index: number) => boolean> = {
    float: () => false,
    usual: (_, i) => role(i) === 'box' || role(i) === 'coefficient',
    raw: () => true,
  };
  for (const [flavor, removed] of Object.entries(flavors)) {
    it(`shows its layout and finds the same as the onnx engine: ${flavor}`, async () => {
      const frame = await sceneFrame();
      const onnx = await OnnxEngine.open({ file: demoModel(), threads: 1 });
      const wanted = await segment(onnx, frame);
      const recording = await recordLike(onnx, frame, flavor, SCENE, removed);
      await onnx.close();
      const engine = await withEmulator('clock=fast', () => openEmulated({ file: recording }));
      const quantization = withBin(file(`${flavor}-real.bin`), outputsOf);
      const outputs = shown(engine.model.outputs) as { quantization: { zeroPoint?: unknown } }[];
      outputs.forEach((output) => delete output.quantization.zeroPoint);
      assert.deepEqual(outputs, quantization);
      assert.equal(engine.properties.name, 'tiny');
      const { instances } = await segment(engine, frame);
      await engine.close();
      assert.ok(wanted.instances.length > 2);
      assert.deepEqual(
        instances.map(({ classId }) => classId),
        wanted.instances.map(({ classId }) => classId),
      );
      for (const [i, { box, mask, score }] of instances.entries()) {
        const other = wanted.instances[i]!;
        assert.ok(Math.abs(score - other.score) < 0.01);
        assert.ok(Math.abs(box.x1 - other.box.x1) < 0.5 && Math.abs(box.y2 - other.box.y2) < 0.5);
        assert.ok(maskIou(mask, other.mask) > 0.97, `${maskIou(mask, other.mask)}`);
      }
    });
  }

  it('shows the layout of a stock export that was compiled whole, with two outputs', async () => {
    writeFileSync(file('stock.onnx'), stockModel({ width: 64 }));
    const heads: BinHead[] = [
      { name: 'output0', role: 'box', shape: [1, 11, 84, 1], elementType: 6, perChannel: false },
      { name: 'output1', role: 'proto', shape: [1, 4, 16, 16], elementType: 5, perChannel: false },
    ];
    const frame = noiseFrame(64, 64);
    const onnx = await OnnxEngine.open({ file: file('stock.onnx'), threads: 1 });
    const inference = await onnx.submit(frame);
    const wanted = inference.tensors.map(({ data }) => Float32Array.from(data));
    inference.release();
    const recording = await recordLike(onnx, frame, 'two', { heads }, (_, i) => i === 1);
    await onnx.close();
    const engine = await withEmulator('clock=fast', () => openEmulated({ file: recording }));
    assert.deepEqual(
      engine.model.outputs.map(({ name, shape, type }) => [name, type, ...shape]),
      [
        ['output0', 'float32', 1, 11, 84, 1],
        ['output1', 'int16', 1, 4, 16, 16],
      ],
    );
    const found = await engine.submit(frame);
    const scales = readBinLayout(file('two-real.bin')).outputs[1]!.scale;
    for (const [i, { data }] of found.tensors.entries()) {
      const [scale, step] = i === 0 ? [1, 1 / 3000] : [scales[0]!, scales[0]!];
      data.forEach((value, at) => {
        // Floats are those that the board makes of integers.
        if (i === 0) {
          const steps = value / step;
          assert.ok(Math.abs(steps - Math.round(steps)) < 0.01 + Math.abs(steps) * 2e-7, `${at}: ${value}`);
        }
        assert.ok(Math.abs(value * scale - wanted[i]![at]!) <= step / 2 + 1e-5, `${i} ${at}`);
      });
    }
    found.release();
    await engine.close();
  });

  it('is for the board of its march only', async () => {
    writeFileSync(file('x3.bin'), binFile({ ...SCENE, march: 'bernoulli2' }));
    const onnx = await OnnxEngine.open({ file: demoModel(), threads: 1 });
    const like = readBinLayout(file('x3.bin'));
    await record(onnx, [await sceneFrame()], { file: file('march.bin'), name: 'march', like });
    await onnx.close();
    await withEmulator('march=bayes-e', () =>
      assert.rejects(openEmulated({ file: file('march.bin') }), /HB_DNN_INVALID_MODEL/),
    );
    await withEmulator('march=bernoulli2', async () =>
      (await openEmulated({ file: file('march.bin') })).close(),
    );
  });

  it('is refused if the models differ', async () => {
    const onnx = await OnnxEngine.open({ file: demoModel(), threads: 1 });
    const frame = await sceneFrame();
    const cases: [BinFileOptions, RegExp][] = [
      [{ ...SCENE, width: 256 }, /ONNX model of 256x288/],
      [{ ...SCENE, classes: 7 }, /as many classes/],
    ];
    for (const [options, expected] of cases) {
      await assert.rejects(
        recordLike(onnx, frame, 'other', options, () => false),
        expected,
      );
    }
    await onnx.close();
  });

  itUnless(sharedData.skip, 'shows the layout of a real model of one class', async () => {
    const real = sharedData.path('rdk/yolov8n-seg-1class-x5.bin');
    writeFileSync(
      file('one.onnx'),
      stockModel({ classes: 1, width: 640, height: 640, coefficients: 32, opset: 11 }),
    );
    cutModel(file('one.onnx'), file('one-cut.onnx'));
    const frame = noiseFrame(640, 640, 3);
    const onnx = await OnnxEngine.open({ file: file('one-cut.onnx') });
    const like = readBinLayout(real);
    assert.equal(like.march, 'bayes-e');
    await record(onnx, [frame], { file: file('one.bin'), name: like.name, like });
    const wanted = await segment(onnx, frame);
    await onnx.close();
    const engine = await withEmulator('clock=fast,march=bayes-e', () =>
      openEmulated({ file: file('one.bin') }),
    );
    const outputs = shown(engine.model.outputs) as { quantization: { zeroPoint?: unknown } }[];
    outputs.forEach((output) => delete output.quantization.zeroPoint);
    assert.deepEqual(outputs, withBin(real, outputsOf));
    assert.equal(engine.properties.name, 'yolov8n_instance_seg_bayese_640x640_nv12');
    const found = await segment(engine, frame);
    await engine.close();
    assert.ok(Math.abs(found.instances.length - wanted.instances.length) <= 2);
    assert.ok(found.instances.every(({ classId }) => classId === 0));
  });
});
