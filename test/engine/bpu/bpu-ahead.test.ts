import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { stillEngine } from '../../../bench/material.js';
import type { BpuEngine } from '../../../src/engine/bpu/bpu-engine.js';
import type { Inference } from '../../../src/engine/engine.js';
import type { NativeTensorProperties } from '../../../src/native/bpu.js';
import { Segmenter } from '../../../src/pipeline/segmenter.js';
import { Decoder } from '../../../src/vision/decode/decoder.js';
import { recognizeHeads } from '../../../src/vision/decode/heads.js';
import type { DecodeOptions } from '../../../src/vision/decode/options.js';
import type { Segmentation } from '../../../src/vision/mask/segmentation.js';
import { Letterbox } from '../../../src/vision/picture/letterbox.js';
import type { Tensor } from '../../../src/vision/tensor/tensor.js';
import { record } from '../../../tools/record/record.js';
import { temporaryFolder } from '../../temporary-folder.js';
import { noiseFrame } from '../../native/frames.js';
import { encodeHeads, store, type SyntheticObject } from '../../vision/decode/synthetic.js';
import { Collector } from '../camera-collector.js';
import { messageOf } from '../camera-messages.js';
import { addon } from '../../../src/native/addon.js';
import { onSteppedBoard, openEmulated } from './emulator.js';

const folder = temporaryFolder('ahead');
const SIZE = { width: 256, height: 192 };
const CLASSES = 5;

/** Objects one behind the other, some of one class that overlap, one that leaves the picture; their scores fall. */
const objects = Array.from({ length: 9 }, (_, i): SyntheticObject => {
  const [x, y] = [20 + 18 * i, 30 + ((i * 37) % 70)];
  const [w, h] = [30 + 4 * i, 44 - 2 * i];
  return {
    classId: i % 3,
    logit: 3 - 0.5 * i,
    box: [x - w / 2, y - h / 2, x + w / 2, y + h / 2],
    mask: (px, py) => 4 - 6 * Math.hypot((px - x + 0.2 * (py - y)) / w, (py - y) / h),
  };
});
const tensors = encodeHeads(objects, { ...SIZE, classCount: CLASSES }).map((head) => store(head));
const layout = recognizeHeads(tensors, SIZE, { classCount: CLASSES });
// As large as the input, so that no pixel is scaled: the emulator knows its frame again.
const frame = noiseFrame(SIZE.width, SIZE.height, 1);

async function recorded(name: string, outputs?: readonly NativeTensorProperties[]): Promise<string> {
  const file = join(folder, `${name}.bin`);
  const letterbox = new Letterbox(SIZE.width, SIZE.height, SIZE.width, SIZE.height);
  await record(stillEngine({ name, tensors, layout, letterbox }), [frame], { file, name, outputs });
  return file;
}

/** Every output an integer: int16 prototypes of one scale, int32 with a scale for each channel for the others. */
function integers(tensor: Tensor, output: number): NativeTensorProperties {
  const proto = output === layout.proto.output;
  const bytes = proto ? 2 : 4;
  const channels = tensor.shape[3]!;
  const largest = Float32Array.from(tensor.data).reduce(
    (most, value) => Math.max(most, Math.abs(value)),
    1e-6,
  );
  const most = proto ? 32_767 : 2 ** 24;
  return {
    name: tensor.name,
    validShape: tensor.shape,
    alignedShape: tensor.shape,
    stride: tensor.stride.map((step) => step * bytes),
    alignedByteSize: tensor.data.length * bytes,
    tensorLayout: 0,
    tensorType: proto ? 11 : 14,
    quantiType: 2,
    quantizeAxis: 3,
    scale: Array.from({ length: proto ? 1 : channels }, (_, c) => (largest / most) * (1 + (c % 3) / 4)),
    zeroPoint: [],
    shift: [],
  };
}

/** What a decoder makes of the tensors alone. */
function alone(
  { tensors: found, letterbox }: Inference,
  engine: BpuEngine,
  options: DecodeOptions,
): Segmentation {
  const { outputs, input } = engine.model;
  const decoder = new Decoder(recognizeHeads(outputs, input, { classCount: CLASSES }), options);
  return structuredClone(decoder.decode(found, letterbox));
}

const OPTIONS: readonly [string, DecodeOptions][] = [
  ['boxes only', { masks: 'none' }],
  ['masks on the prototype grid', { masks: 'proto', score: 0.05 }],
  ['masks at source resolution', { score: 0.05 }],
  ['all boxes', { score: 0.05, nms: 'never' }],
  ['a few', { score: 0.05, maxDetections: 2, classes: [1, 2] }],
  ['none', { score: 1 }],
];

for (const [kind, properties] of [
  ['float heads', undefined],
  ['integer heads', integers],
] as const) {
  describe(`BpuEngine decodes ahead, ${kind}`, () => {
    const file = recorded(kind, properties && tensors.map(properties));

    for (const [what, options] of OPTIONS) {
      it(`and finds the same as a decoder: ${what}`, async () => {
        const engine = await openEmulated({ file: await file, slots: 1 });
        const segmenter = new Segmenter(engine, { ...options, labelCount: CLASSES });
        const inference = await engine.submit(frame);
        const { ahead } = inference;
        assert.equal(ahead!.version, segmenter.decoder.plan!.version);
        const found = segmenter.decoder.decode(
          inference.tensors,
          inference.letterbox,
          undefined,
          undefined,
          ahead,
        );
        assert.deepEqual(structuredClone(found), alone(inference, engine, options));
        assert.equal(found.instances.length > 0, what !== 'none');
        // A decoder that reads what was found, and not the tensors, gives the same without their values.
        const blank = inference.tensors.map((tensor) => ({ ...tensor, data: tensor.data.slice().fill(0) }));
        const again = segmenter.decoder.decode(blank, inference.letterbox, undefined, undefined, ahead);
        assert.deepEqual(structuredClone(again), alone(inference, engine, options));
        inference.release();
        await engine.close();
      });
    }
  });
}

describe('BpuEngine that decodes ahead', () => {
  const file = recorded('changes');

  it('honors options that change while frames are in flight', () =>
    onSteppedBoard('busy_us=10000,overhead_us=0', async (board) => {
      const engine = await openEmulated({ file: await file, slots: 2 });
      const segmenter = new Segmenter(engine, { score: 0.05, labelCount: CLASSES });
      const inFlight = [engine.submit(frame)];
      board.untilTasks(1);
      inFlight.push(engine.submit(frame));
      board.untilTasks(2);
      board.advance(10_000);
      const first = await inFlight[0]!;
      const former = segmenter.decoder.plan!.version;
      assert.equal(first.ahead!.version, former);
      segmenter.setOptions({ score: 0.8 });
      board.advance(10_000);
      const second = await inFlight[1]!;
      const few = { score: 0.8 };
      for (const inference of [first, second]) {
        const found = segmenter.decoder.decode(
          inference.tensors,
          inference.letterbox,
          undefined,
          undefined,
          inference.ahead,
        );
        assert.deepEqual(structuredClone(found), alone(inference, engine, few));
        assert.ok(found.instances.length > 0 && found.instances.every(({ score }) => score >= 0.8));
      }
      // The frame that was answered before the change had another plan; the one after it has the new one.
      assert.deepEqual(
        [first, second].map(({ ahead }) => ahead!.version),
        [former, segmenter.decoder.plan!.version],
      );
      first.release();
      second.release();
      await engine.close();
    }));

  it('keeps the former options, as its decoder does, if it refuses a plan or if options are out of range', async () => {
    const engine = await openEmulated({ file: await file, slots: 1 });
    const segmenter = new Segmenter(engine, { score: 0.05, labelCount: CLASSES });
    const { plan } = segmenter.decoder;
    const found = async (): Promise<number> => {
      const inference = await engine.submit(frame);
      const { tensors: lent, letterbox, ahead } = inference;
      assert.equal(ahead!.version, plan!.version);
      const { length } = segmenter.decoder.decode(lent, letterbox, undefined, undefined, ahead).instances;
      inference.release();
      return length;
    };
    const before = await found();
    assert.throws(() => segmenter.setOptions({ score: 2 }), /score/);
    assert.equal(await found(), before);
    engine.planAhead = () => assert.fail('no memory');
    assert.throws(() => segmenter.setOptions({ score: 0.9 }), /no memory/);
    delete (engine as Partial<BpuEngine>).planAhead;
    assert.equal(segmenter.decoder.plan, plan);
    assert.equal(await found(), before);
    segmenter.setOptions({ score: 0.9 });
    assert.notEqual(segmenter.decoder.plan, plan);
    await engine.close();
    const last = segmenter.decoder.plan;
    assert.throws(() => segmenter.setOptions({ score: 0.05 }), /an open engine/);
    assert.equal(segmenter.decoder.plan, last);
  });

  it('skips frames on request, and frames with more instances than it has room for', async () => {
    const engine = await openEmulated({ file: await file, slots: 1 });
    const decoder = new Decoder(layout, { score: 0, nms: 'never', maxDetections: 10_000 });
    engine.planAhead(decoder.plan);
    const many = await engine.submit(frame);
    assert.equal(many.ahead!.version, 0);
    const found = decoder.decode(many.tensors, many.letterbox, undefined, undefined, many.ahead);
    assert.ok(found.instances.length > 512);
    many.release();
    engine.planAhead(new Decoder(layout).plan);
    engine.planAhead(undefined);
    const none = await engine.submit(frame);
    assert.equal(none.ahead!.version, 0);
    none.release();
    await engine.close();
    assert.throws(() => engine.planAhead(decoder.plan), /an open engine/);
  });

  it('also processes frames of native subscriptions', async () => {
    const engine = await openEmulated({ file: await file, slots: 2 });
    const segmenter = new Segmenter(engine, { score: 0.05, labelCount: CLASSES });
    const camera = addon().injectCamera();
    const collector = new Collector({ hold: true });
    const attachment = engine.attach(camera, collector);
    camera.offer(messageOf(frame));
    await collector.until(1);
    const inference = collector.held[0]!;
    assert.equal(inference.ahead!.version, segmenter.decoder.plan!.version);
    assert.equal(inference.ahead!.count, alone(inference, engine, { score: 0.05 }).instances.length);
    inference.release();
    await attachment.detach();
    camera.close();
    await engine.close();
  });

  it('refuses plans that exceed its outputs', async () => {
    const engine = await openEmulated({ file: await file, slots: 1 });
    const plan = new Decoder(layout).plan!;
    // Strides of 0 would make a grid of any size of one value.
    const onOne = plan.heads.map((head) => {
      return { ...head, numbers: head.numbers.map((number, at) => (at >= 5 && at <= 7 ? 0 : number)) };
    });
    assert.throws(() => engine.planAhead({ ...plan, heads: onOne }), /elements that lie within 1\b/);
    const changed = (at: number, value: number): Int32Array =>
      plan.numbers.map((number, i) => (i === at ? value : number));
    const larger = plan.heads.map((head, i) =>
      i === 0
        ? { ...head, numbers: head.numbers.map((number, at) => (at === 2 ? number + 1 : number)) }
        : head,
    );
    assert.throws(() => engine.planAhead({ ...plan, heads: larger }), /heads within the outputs/);
    assert.throws(() => engine.planAhead({ ...plan, heads: plan.heads.slice(1) }), TypeError);
    assert.throws(() => engine.planAhead({ ...plan, limits: new Float64Array(3) }), /a limit for each class/);
    for (const [at, value] of [
      [0, 2],
      [1, 100],
      [5, 10],
      [6, 0],
      [6, 4],
      [8, -1],
    ] as const) {
      assert.throws(() => engine.planAhead({ ...plan, numbers: changed(at, value) }), TypeError, `${at}`);
    }
    engine.planAhead(plan);
    await engine.close();
  });
});
