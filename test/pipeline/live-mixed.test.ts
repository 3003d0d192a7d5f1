import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { setTimeout as sleep } from 'node:timers/promises';
import { OnnxEngine } from '../../src/engine/onnx-engine.js';
import { allocateNv12 } from '../../src/frame/convert.js';
import type { Nv12Frame } from '../../src/frame/nv12-frame.js';
import { demoModel } from '../../src/model/demo.js';
import { addon } from '../../src/native/addon.js';
import { type LiveFrame, LiveSegmenter } from '../../src/pipeline/live-segmenter.js';
import { Segmenter } from '../../src/pipeline/segmenter.js';

class Frame implements LiveFrame {
  constructor(
    readonly id: number,
    readonly prepare: () => Nv12Frame | Promise<Nv12Frame> = () => assert.fail('a native frame is ready'),
  ) {}
}

describe('native and offered cameras on one engine', () => {
  it('have their turns, however fast the native one is, and each keeps its order', async () => {
    const engine = await OnnxEngine.open({ file: demoModel(), slots: 2 });
    const answers: number[][] = [[], [], []];
    const failures: string[] = [];
    const live = new LiveSegmenter<Frame>(new Segmenter(engine), 3, {
      result: (camera, { id }) => answers[camera]!.push(id),
      failure: (_, __, error) => failures.push(error.message),
    });
    const native = addon().injectCamera();
    live.attach(0, native, ({ index }) => new Frame(index));
    const { data, ...frame } = allocateNv12(640, 480);
    const message = {
      ...{ width: 640, height: 480, step: 640, encoding: 'nv12', data },
      ...{ sec: 0, nanosec: 0, index: 0 },
    };
    native.play(message, 2, 1000);
    const pixels = { ...frame, data };
    for (let id = 0; id < 60; id++) {
      live.offer(1, new Frame(id, () => pixels));
      live.offer(2, new Frame(id, () => sleep(3).then(() => pixels)));
      await sleep(25);
    }
    await live.stop();
    const counts = [0, 1, 2].map((camera) => live.counts(camera));
    native.close();
    await engine.close();
    assert.deepEqual(failures, []);
    for (const [camera, ids] of answers.entries()) {
      assert.ok(ids.length >= 5, `camera ${camera}: ${ids.length} answers`);
      assert.deepEqual(
        ids,
        [...ids].sort((a, b) => a - b),
        `camera ${camera}`,
      );
      const { offered, dropped, answered, failed, discarded } = counts[camera]!;
      assert.equal(answered, ids.length);
      assert.equal(offered, dropped + answered + failed + discarded, `camera ${camera}`);
    }
  });
});
