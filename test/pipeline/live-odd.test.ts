import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { OnnxEngine } from '../../src/engine/onnx/onnx-engine.js';
import { AS_TOLD, CameraImageReader } from '../../src/message/read/camera-image.js';
import { demoModel } from '../../src/model/demo-model.js';
import { addon } from '../../src/native/addon.js';
import { type LiveFrame, LiveSegmenter } from '../../src/pipeline/live-segmenter.js';
import { Segmenter } from '../../src/pipeline/segmenter.js';
import { sampleImage } from '../media/camera-images.js';

describe('live pictures of odd sizes', () => {
  it('have results for all their pixels, offered and from native subscriptions', async () => {
    const engine = await OnnxEngine.open({ file: demoModel(), slots: 1 });
    const { image } = sampleImage('rgb8', { width: 61, height: 53 });
    const sizes: (readonly [number, number, number, number])[] = [];
    let answered: () => void = () => undefined;
    const live = new LiveSegmenter<LiveFrame>(new Segmenter(engine), 2, {
      result: (camera, _frame, pixels, { width, height }) => {
        assert.deepEqual(pixels?.picture, { width: 61, height: 53 });
        sizes.push([camera, width, height, pixels.width]);
        answered();
      },
      failure: (_camera, _frame, error) => assert.fail(error),
    });
    const next = (begin: () => void): Promise<void> =>
      new Promise((resolve) => {
        answered = resolve;
        begin();
      });
    const reader = new CameraImageReader(2, AS_TOLD);
    await next(() => live.offer(0, { prepare: () => reader.read(image) }));
    const native = addon().injectCamera();
    native.setKeepPixels(true);
    live.attach(1, native, () => ({ prepare: () => assert.fail('a native frame is ready') }));
    await next(() => native.offer({ ...image, sec: 0, nanosec: 0, index: 0 }));
    assert.deepEqual(sizes, [
      [0, 61, 53, 62],
      [1, 61, 53, 62],
    ]);
    native.close();
    await live.stop();
    await engine.close();
  });
});

describe('LiveSegmenter.replace', () => {
  it('keeps the former engine for all cameras if the new one refuses one of them', async () => {
    const engine = await OnnxEngine.open({ file: demoModel(), slots: 1 });
    const other = await OnnxEngine.open({ file: demoModel(), slots: 1 });
    const attach = other.attach.bind(other);
    let attached = 0;
    other.attach = (...parameters) => {
      if (attached++ === 1) throw new Error('no memory for the inputs');
      return attach(...parameters);
    };
    const seen: number[] = [];
    let answered: () => void = () => undefined;
    const live = new LiveSegmenter<LiveFrame>(new Segmenter(engine), 2, {
      result: (camera) => {
        seen.push(camera);
        answered();
      },
      failure: (_camera, _frame, error) => assert.fail(error),
    });
    const former = live.segmenter;
    const natives = [addon().injectCamera(), addon().injectCamera()];
    for (const [index, native] of natives.entries()) {
      live.attach(index, native, () => ({ prepare: () => assert.fail('a native frame is ready') }));
    }
    await assert.rejects(live.replace(new Segmenter(other)), /no memory for the inputs/);
    assert.equal(live.segmenter, former);
    await other.close();
    live.resume();
    const { image } = sampleImage('rgb8', { width: 61, height: 53 });
    for (const native of natives) {
      await new Promise<void>((resolve) => {
        answered = resolve;
        native.offer({ ...image, sec: 0, nanosec: 0, index: 0 });
      });
    }
    assert.deepEqual(seen, [0, 1]);
    for (const native of natives) native.close();
    await live.stop();
    await engine.close();
  });
});
