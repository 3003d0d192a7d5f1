import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { setImmediate as settle } from 'node:timers/promises';
import { OnnxEngine } from '../../src/engine/onnx/onnx-engine.js';
import { allocateNv12 } from '../../src/native/convert.js';
import type { Nv12Frame } from '../../src/vision/picture/nv12-frame.js';
import { demoModel } from '../../src/model/demo-model.js';
import { addon } from '../../src/native/addon.js';
import type { InjectedCamera } from '../../src/native/camera.js';
import { type LiveFrame, LiveSegmenter } from '../../src/pipeline/live-segmenter.js';
import { Segmenter } from '../../src/pipeline/segmenter.js';

const NATIVE = 0;
const OFFERED = [1, 2] as const;
/** Frames that each of the offered cameras sends: the next one when the last one has its answer. */
const FRAMES = 12;

class Frame implements LiveFrame {
  constructor(
    readonly id: number,
    readonly prepare: () => Nv12Frame | Promise<Nv12Frame> = () => assert.fail('a native frame is ready'),
  ) {}
}

describe('native and offered cameras on one engine', () => {
  let engine: OnnxEngine;
  let native: InjectedCamera;
  beforeEach(async () => {
    engine = await OnnxEngine.open({ file: demoModel(), slots: 2 });
    native = addon().injectCamera();
  });
  afterEach(async () => {
    native.close();
    await engine.close();
  });

  const { data, ...frame } = allocateNv12(640, 480);
  const pixels = { ...frame, data };
  const message = {
    ...{ width: 640, height: 480, step: 640, encoding: 'nv12', data },
    ...{ sec: 0, nanosec: 0, index: 0 },
  };

  /**
   * Runs until the offered cameras have had all their answers.
   *
   * @param onEach called before each answer, and once at the beginning
   * @returns which camera had an answer, in order
   */
  async function run(onEach: () => void): Promise<number[]> {
    const turns: number[] = [];
    const answers: number[][] = [[], [], []];
    let end!: () => void;
    let fail!: (error: unknown) => void;
    const ended = new Promise<void>((resolve, reject) => ([end, fail] = [resolve, reject]));
    const live = new LiveSegmenter<Frame>(new Segmenter(engine), 3, {
      result: (camera, { id }) => {
        onEach();
        turns.push(camera);
        answers[camera]!.push(id);
        if (camera !== NATIVE && id + 1 < FRAMES) offer(camera, id + 1);
        if (OFFERED.every((one) => answers[one]!.length === FRAMES)) end();
      },
      failure: (_, __, error) => fail(error),
    });
    // The second one's frames take a turn of the event loop to be made ready.
    const offer = (camera: number, id: number): void =>
      live.offer(camera, new Frame(id, () => (camera === 1 ? pixels : settle(pixels))));
    live.attach(NATIVE, native, ({ index }) => new Frame(index));
    onEach();
    for (const camera of OFFERED) offer(camera, 0);
    await ended;
    await live.stop();
    native.close(); // and what it counts is what it had
    for (const [camera, ids] of answers.entries()) {
      const inOrder = [...ids].sort((a, b) => a - b);
      assert.deepEqual(ids, inOrder, `camera ${camera}`);
      const { offered, dropped, answered, failed, discarded } = live.counts(camera);
      assert.equal(answered, ids.length);
      assert.equal(failed, 0);
      assert.equal(offered, dropped + answered + discarded, `camera ${camera}`);
    }
    return turns;
  }

  it('are served in turn, however fast the native one is, and each keeps its order', async () => {
    // One of the native subscription's frames waits whenever a slot becomes free.
    let index = 0;
    const turns = await run(() => {
      native.step({ ...message, index }, 3);
      index += 3;
    });
    for (const camera of OFFERED) {
      const at = [...turns.keys()].filter((i) => turns[i] === camera);
      const others = at.map((turn, i) => turn - (at[i - 1] ?? -1) - 1);
      // A frame of it may have to let each slot go once to the native subscription and once to the other one before.
      assert.ok(
        Math.max(...others) <= 5,
        `turns of others before each of camera ${camera}: ${others.join()}`,
      );
    }
    const share = turns.filter((camera) => camera === NATIVE).length / turns.length;
    assert.ok(share > 1 / 3, `the native subscription had ${share} of the turns`);
  });

  it('lose no frame although a native subscription takes slots from its own thread at any time', async () => {
    native.play(message, 0, 2 ** 31);
    const turns = await run(() => undefined);
    for (const camera of OFFERED) assert.equal(turns.filter((turn) => turn === camera).length, FRAMES);
  });
});
