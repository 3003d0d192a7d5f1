import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'mocha';
import { Decoder } from '../../src/vision/decode/decoder.js';
import type { HeadForm } from '../../src/vision/decode/head-layout.js';
import type { DecodeOptions } from '../../src/vision/decode/options.js';
import type { Segmentation } from '../../src/vision/mask/segmentation.js';
import { type BinLayout, readBinLayout } from '../../tools/record/bin-layout.js';
import type { Engine } from '../../src/engine/engine.js';
import { OnnxEngine } from '../../src/engine/onnx/onnx-engine.js';
import { record } from '../../tools/record/record.js';
import type { Nv12Frame } from '../../src/vision/picture/nv12-frame.js';
import { SceneSource } from '../../src/media/scene/index.js';
import { withBin } from '../../src/model/bin/bin-model.js';
import { dequantizeNodes } from '../../src/model/bin/bin-tensors.js';
import { removeDequantizeNodes } from '../../src/model/bin/dequantize-bin.js';
import { cutModel } from '../../src/model/prepare/cut.js';
import { proveCut } from '../../src/engine/onnx/prove-cut.js';
import { loadModel } from '../../src/node/segment/loaded-model.js';
import { readWorkConfig } from '../../src/node/segment/work-config.js';
import { openEngine } from '../../src/engine/registry.js';
import { recognizeModel } from '../../src/pipeline/recognize-model.js';
import { maskIou } from '../vision/decode/recorded.js';
import { withVariables } from '../environment.js';
import { binFile, type BinHead } from '../model/bin/bin-file.js';
import { defaultParameters } from '../node/default-parameters.js';
import { temporaryFolder } from '../temporary-folder.js';
import { EMULATOR, openEmulated, withEmulator } from './bpu/emulator.js';
import { SCENE, SCENE_FORMS, SCENE_MODEL, SCENE_ROWS, writeSceneModel } from './scene-models.js';

/** The order of objects with nearly equal scores may differ by a step of quantization: they are matched by place. */
interface Tolerance {
  readonly score: number;
  readonly box: number;
  readonly mask: number;
}
const FLOAT: Tolerance = { score: 1e-4, box: 0.05, mask: 0.99 };
/** Steps of 1/3000, and of 1/50. */
const FINE: Tolerance = { score: 3e-4, box: 0.05, mask: 0.98 };
const COARSE: Tolerance = { score: 0.02, box: 0.2, mask: 0.9 };

function assertSame(found: Segmentation, wanted: Segmentation, tolerance: Tolerance): void {
  assert.equal(found.instances.length, wanted.instances.length);
  const left = new Set(found.instances);
  for (const { classId, score, box, mask } of wanted.instances) {
    const same = [...left].find(
      (other) =>
        other.classId === classId &&
        Math.abs(other.score - score) <= tolerance.score &&
        (['x1', 'y1', 'x2', 'y2'] as const).every(
          (side) => Math.abs(other.box[side] - box[side]) <= tolerance.box,
        ) &&
        maskIou(other.mask, mask) >= tolerance.mask,
    );
    assert.ok(same, `class ${classId}, score ${score}, box ${JSON.stringify(box)}`);
    left.delete(same);
  }
}

describe('the same scene through every form of a model', () => {
  const folder = temporaryFolder('scene-flavors');
  const file = (name: string): string => join(folder, name);
  const onnx = (form: string): string => file(`${form}.onnx`);
  let frame: Nv12Frame;
  let wanted: Segmentation;
  let wantedWithoutNms: Segmentation;
  withVariables({ XDG_CACHE_HOME: join(folder, 'cache') });

  /** A decoder's result is its own until the next frame. */
  async function segment(engine: Engine, options?: DecodeOptions): Promise<Segmentation> {
    const decoder = new Decoder(recognizeModel(engine.model).layout, options);
    const inference = await engine.submit(frame);
    const result = decoder.decode(inference.tensors, inference.letterbox);
    inference.release();
    return result;
  }

  async function withEngine<T>(opening: Promise<Engine>, use: (engine: Engine) => Promise<T>): Promise<T> {
    const engine = await opening;
    try {
      return await use(engine);
    } finally {
      await engine.close();
    }
  }

  const whole = (path: string): Promise<Engine> => OnnxEngine.open({ file: path, threads: 1 });

  /** A .bin of such outputs, some of its de-quantize nodes removed, and a recording of an ONNX model in its likeness. */
  async function recordLike(
    name: string,
    form: string,
    heads: readonly BinHead[],
    raw: boolean,
    change: (like: BinLayout) => BinLayout = (like) => like,
  ): Promise<string> {
    const pattern = file(`${name}-real.bin`);
    writeFileSync(pattern, binFile({ ...SCENE, heads }));
    if (raw)
      withBin(pattern, (model) => {
        const nodes = [...dequantizeNodes(model).values()];
        removeDequantizeNodes(
          model,
          nodes.map((node) => node.name),
          pattern,
        );
      });
    const like = change(readBinLayout(pattern));
    await withEngine(whole(onnx(form)), (engine) =>
      record(engine, [frame], { file: file(`${name}.bin`), name: like.name, like }),
    );
    return file(`${name}.bin`);
  }

  const emulated = (path: string): Promise<Engine> =>
    withEmulator('clock=fast', () => openEmulated({ file: path }));

  const formOf = (engine: Engine): HeadForm => recognizeModel(engine.model).layout.form;

  /** Two outputs as libdnn has them; the steps of int16 are 1/50 of a pixel, those of int32 1/3000. */
  const two = (elementType: 5 | 6): BinHead[] => {
    const [scale, protoScale] = elementType === 5 ? [0.02, 1e-3] : [1 / 3000, 1e-5];
    const { width, height, classes, coefficients, cells } = SCENE;
    const list = [1, 4 + classes + coefficients, cells, 1];
    const grid = [1, coefficients, height / 4, width / 4];
    return [
      { name: 'output0', role: 'detections', shape: list, elementType, perChannel: false, scale },
      { name: 'output1', role: 'proto', shape: grid, elementType, perChannel: false, scale: protoScale },
    ];
  };

  before(async () => {
    for (const form of SCENE_FORMS) writeSceneModel(form, onnx(form));
    for await (const item of new SceneSource({ seed: 900_000, count: 1 }).frames()) frame = item.frame;
    wanted = await withEngine(whole(SCENE_MODEL), (engine) => segment(engine));
    wantedWithoutNms = await withEngine(whole(SCENE_MODEL), (engine) => segment(engine, { nms: 'never' }));
  });

  it('contains objects, and duplicates for NMS', () => {
    assert.ok(wanted.instances.length > 4);
    const { length } = wantedWithoutNms.instances;
    assert.ok(length > wanted.instances.length && length < SCENE_ROWS, String(length));
  });

  it('ONNX Runtime, a stock export as it is', () =>
    withEngine(whole(onnx('detections')), async (engine) => {
      assert.equal(formOf(engine), 'detections');
      assertSame(await segment(engine), wanted, FLOAT);
      assertSame(await segment(engine, { nms: 'never' }), wantedWithoutNms, FLOAT);
    }));

  it('ONNX Runtime, a stock export that is cut at load', () =>
    withEngine(openEngine(onnx('detections'), { threads: 1 }), async (engine) => {
      assert.equal(formOf(engine), 'heads');
      assertSame(await segment(engine), wanted, FLOAT);
    }));

  it('ONNX Runtime, an end-to-end export: without NMS by default', () =>
    withEngine(openEngine(onnx('instances'), { threads: 1 }), async (engine) => {
      assert.equal(formOf(engine), 'instances');
      assertSame(await segment(engine), wantedWithoutNms, FLOAT);
      assertSame(await segment(engine, { nms: 'always' }), wanted, FLOAT);
    }));

  it('ONNX Runtime, an end-to-end export that was cut: with NMS, unless it is switched off', async () => {
    const report = cutModel(onnx('instances'), file('cut.onnx'), { opset: 11 });
    assert.equal(report.form, 'instances');
    assert.ok(await proveCut(onnx('instances'), file('cut.onnx'), report));
    await withEngine(openEngine(file('cut.onnx'), { threads: 1 }), async (engine) => {
      assert.equal(formOf(engine), 'heads');
      assertSame(await segment(engine), wanted, FLOAT);
      assertSame(await segment(engine, { nms: 'never' }), wantedWithoutNms, FLOAT);
    });
  });

  it('ONNX Runtime, ten heads without DFL', () =>
    withEngine(openEngine(onnx('plain'), { threads: 1 }), async (engine) => {
      assert.equal(recognizeModel(engine.model).layout.regMax, 1);
      assertSame(await segment(engine), wanted, FLOAT);
    }));

  for (const [name, raw, elementType, tolerance] of [
    ['floats', false, 6, FINE],
    ['floats made of int16', false, 5, COARSE],
    ['raw int32', true, 6, FINE],
    ['raw int16', true, 5, COARSE],
  ] as const) {
    it(`the BPU, two outputs, ${name}`, async () => {
      const recording = await recordLike(`two ${name}`, 'detections', two(elementType), raw);
      await withEngine(emulated(recording), async (engine) => {
        assert.equal(formOf(engine), 'detections');
        assert.equal(
          engine.model.outputs[0]!.type,
          raw ? (elementType === 5 ? 'int16' : 'int32') : 'float32',
        );
        assertSame(await segment(engine, { nms: 'never' }), wantedWithoutNms, tolerance);
        // Of two duplicates with nearly equal scores NMS keeps either, in steps of 1/50.
        if (elementType === 6) assertSame(await segment(engine), wanted, tolerance);
        else assert.equal((await segment(engine)).instances.length, wanted.instances.length);
      });
    });
  }

  it("the BPU, two outputs with padded rows, from TROS's work config", async () => {
    const pitch = SCENE.cells + 48;
    const padded = ({ infos, outputs, ...like }: BinLayout): BinLayout => {
      const count = outputs[0]!.validShape[1]!;
      const first = {
        ...outputs[0]!,
        alignedShape: [1, count, pitch, 1],
        stride: [4 * count * pitch, 4 * pitch, 4, 4],
        alignedByteSize: 4 * count * pitch,
      };
      return { ...like, infos, outputs: [first, outputs[1]!] };
    };
    const model = await recordLike('padded', 'detections', two(6), false, padded);
    const names = ['circle', 'square', 'triangle', 'star', 'ring', 'cross'];
    writeFileSync(file('scene.list'), `${names.join('\n')}\n`);
    const config = {
      ...{ model_file: model, task_num: 2, dnn_Parser: 'yolo26e_seg', model_output_count: 2 },
      ...{ class_num: 6, cls_names_list: file('scene.list'), score_threshold: 0.25, nms_threshold: 0.7 },
      nms_top_k: 300,
    };
    writeFileSync(file('yolo26esegworkconfig.json'), JSON.stringify(config));
    const loaded = await withEmulator('clock=fast', () =>
      loadModel({
        ...defaultParameters(),
        library: EMULATOR,
        ...readWorkConfig(file('yolo26esegworkconfig.json')),
      }),
    );
    await withEngine(Promise.resolve(loaded.engine), async (engine) => {
      assert.equal(engine.kind, 'bpu');
      assert.deepEqual(loaded.labels.names, names);
      const { decoder } = loaded.segmenter;
      assert.equal(decoder.layout.levels[0]!.class.strideC, pitch);
      const inference = await engine.submit(frame);
      assertSame(decoder.decode(inference.tensors, inference.letterbox), wanted, FINE);
      inference.release();
    });
  });

  for (const raw of [false, true]) {
    it(`the BPU, ten heads without DFL, ${raw ? 'raw' : 'float'}`, async () => {
      const { width, height, classes, coefficients } = SCENE;
      const channels = { class: classes, box: 4, coefficient: coefficients };
      const heads = [8, 16, 32].flatMap((stride) =>
        (['class', 'box', 'coefficient'] as const).map((role): BinHead => {
          const shape = [1, height / stride, width / stride, channels[role]];
          return { name: `${role}${stride}`, role, shape, elementType: 6, perChannel: role !== 'class' };
        }),
      );
      const shape = [1, height / 4, width / 4, coefficients];
      const proto = { name: 'proto', role: 'proto', shape, elementType: 5, perChannel: false } as const;
      const recording = await recordLike(`plain ${raw}`, 'plain', [...heads, proto], raw);
      await withEngine(emulated(recording), async (engine) => {
        assert.deepEqual([formOf(engine), recognizeModel(engine.model).layout.regMax], ['heads', 1]);
        assertSame(await segment(engine), wanted, COARSE);
        assertSame(await segment(engine, { nms: 'never' }), wantedWithoutNms, COARSE);
      });
    });
  }
});
