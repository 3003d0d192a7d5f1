import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import type { BpuEngine } from '../../../src/engine/bpu/bpu-engine.js';
import type { Inference } from '../../../src/engine/engine.js';
import { addon } from '../../../src/native/addon.js';
import type { InjectedMessage } from '../../../src/native/camera.js';
import { noiseFrame } from '../../native/frames.js';
import { recordConformanceModel } from './bpu-model.js';
import { Collector } from '../camera-collector.js';
import { messageOf } from '../camera-messages.js';
import { infer, valuesOf } from '../conformance.js';
import { onSteppedBoard, openEmulated, withEmulator } from './emulator.js';
import { tenHeads } from '../tiny-onnx.js';
import { temporaryFolder } from '../../temporary-folder.js';

const folder = temporaryFolder('spare');

const given = process.env['TROS_YOLO_SEG_RECORDED'];
async function record(): Promise<string> {
  const onnxFile = join(folder, 'heads.onnx');
  writeFileSync(onnxFile, tenHeads(64, 64, ['cat', 'dog', 'bird']));
  return recordConformanceModel(onnxFile, join(folder, 'heads.bin'));
}
const recorded = given === undefined ? record() : given;

async function open(slots: number, spare: number): Promise<BpuEngine> {
  return openEmulated({ file: await recorded, slots, spare });
}

describe('BpuEngine with spare slots', () => {
  const full = /^Expected a free slot but received 1 frames in flight, or 2 with results not released/;

  // One frame takes 18 ms, two or more at once 10 ms each.
  const PACE = 'busy_us=10000,overhead_us=8000';

  it('accepts a frame while a result is read, and keeps that result', async () => {
    const engine = await open(1, 1);
    assert.deepEqual([engine.slots, engine.spare, engine.free], [1, 1, 1]);
    const first = await engine.submit(noiseFrame(64, 64, 1));
    const values = valuesOf(first);
    assert.equal(engine.free, 1);
    const second = await engine.submit(noiseFrame(64, 64, 2));
    assert.equal(engine.free, 0);
    await assert.rejects(engine.submit(noiseFrame(64, 64, 3)), { message: full });
    assert.deepEqual(valuesOf(first), values);
    assert.notDeepEqual(valuesOf(second), values);
    first.release();
    assert.deepEqual(await infer(engine, noiseFrame(64, 64, 1)), values);
    second.release();
    await engine.close();
  });

  it('runs no more frames at the same time than without', () =>
    onSteppedBoard(PACE, async (board) => {
      const engine = await open(1, 3);
      const first = engine.submit(noiseFrame(64, 64, 1));
      assert.equal(engine.free, 0);
      await assert.rejects(engine.submit(noiseFrame(64, 64, 2)), /a free slot/);
      board.untilTasks(1);
      board.advance(18_000);
      (await first).release();
      assert.equal(engine.free, 1);
      await engine.close();
    }));

  it('returns a reserved slot to the working ones', async () => {
    const engine = await open(1, 1);
    assert.equal(await engine.reserve(), true);
    assert.equal(engine.free, 1);
    engine.unreserve();
    await infer(engine, noiseFrame(64, 64, 1));
    assert.equal(await engine.reserve(), true);
    await infer(engine, noiseFrame(64, 64, 1));
    assert.equal(engine.free, 1);
    await engine.close();
  });

  it('reports failed frames as without, and frees their slots', async () => {
    await withEmulator('clock=fast,fail_run=0.5,seed=3', async () => {
      const engine = await open(1, 1);
      const failures: string[] = [];
      const held: Inference[] = [];
      for (let i = 0; i < 60; i++) {
        assert.equal(engine.free, held.length < 2 ? 1 : 0);
        if (held.length === 2) held.splice(i % 2, 1)[0]!.release();
        await engine.submit(noiseFrame(64, 64, 1 + (i % 6))).then(
          (inference) => held.push(inference),
          (error: Error) => failures.push(error.message),
        );
      }
      assert.ok(failures.length > 10 && failures.length < 50, `${failures.length} of 60 failed`);
      for (const inference of held) inference.release();
      assert.equal(engine.free, 1);
      await engine.close();
    });
  });

  it("starts a camera's next frame before the result of the last one is read", () =>
    onSteppedBoard(PACE, async (board) => {
      const engine = await open(1, 1);
      const camera = addon().injectCamera();
      const seen = new Collector({ hold: true });
      engine.attach(camera, seen);
      const message = (index: number): InjectedMessage =>
        messageOf(noiseFrame(64, 64, 1 + index), { index, frameId: undefined });
      camera.offer(message(0));
      board.untilTasks(1);
      for (let index = 1; index < 5; index++) camera.offer(message(index));
      board.advance(18_000);
      // JavaScript has not heard of frame 0, and frame 4 is at work: all of it in C++.
      board.untilTasks(2);
      assert.deepEqual([camera.counters().submitted, seen.indices], [2, []]);
      board.advance(18_000);
      await seen.until(2);
      assert.deepEqual(seen.indices, [0, 4]);
      camera.offer(message(5));
      assert.equal(camera.counters().submitted, 2, 'both slots are being read');
      seen.release();
      board.untilTasks(3);
      board.advance(18_000);
      await seen.until(3);
      assert.deepEqual(seen.indices, [0, 4, 5]);
      camera.close();
      await engine.close();
    }));

  it('keeps the BPU busy while a result is read', () =>
    onSteppedBoard(PACE, async (board) => {
      const engine = await open(2, 1);
      const frames = [1, 2, 3].map((seed) => noiseFrame(64, 64, seed));
      const first = engine.submit(frames[0]!);
      board.untilTasks(1);
      const second = engine.submit(frames[1]!);
      board.untilTasks(2);
      board.advance(18_000);
      const reading = await first;
      // The second began at 14 ms and ends at 24 ms; the third, ready at 22 ms, is next without a gap.
      const third = engine.submit(frames[2]!);
      board.untilTasks(3);
      board.advance(15_999);
      assert.equal(board.succeeded, 2);
      board.advance(1);
      assert.equal(board.succeeded, 3);
      reading.release();
      board.advance(4_000);
      for (const inference of [await second, await third]) inference.release();
      await engine.close();
    }));

  it('runs no frame while all results are read, without spare slots', () =>
    onSteppedBoard(PACE, async (board) => {
      const engine = await open(1, 0);
      const first = engine.submit(noiseFrame(64, 64, 1));
      board.untilTasks(1);
      board.advance(18_000);
      const reading = await first;
      await assert.rejects(
        engine.submit(noiseFrame(64, 64, 2)),
        /a free slot but received 1 frames in flight/,
      );
      reading.release();
      assert.equal(engine.free, 1);
      await engine.close();
    }));

  for (const [spare, message] of [
    [-1, /from 0 to 8 for spare but received -1/],
    [9, /for spare but received 9/],
    [NaN, /for spare/],
  ] as const) {
    it(`refuses ${spare} of them`, () => assert.rejects(open(1, spare), message));
  }
});
