import assert from 'node:assert/strict';
import { after, before, it } from 'mocha';
import { setImmediate as settle } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type Engine, type Inference } from '../../src/engine/engine.js';
import { packedStride } from '../../src/vision/tensor/tensor.js';
import { Letterbox } from '../../src/vision/picture/letterbox.js';
import type { Nv12Frame } from '../../src/vision/picture/nv12-frame.js';
import { noiseFrame, packedBytes, packedFrame } from '../native/frames.js';
import { describeUnless } from '../skips.js';

/** Opens the engine under test on a small model, with this many slots. */
export type OpenEngine = (slots: number) => Promise<Engine>;

const ARRAYS = {
  float32: Float32Array,
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
};

/** The valid values of every tensor, in index order, whatever its strides; the memory itself is only lent. */
export function valuesOf({ tensors }: Inference): number[][] {
  return tensors.map(({ shape, stride, data }) => {
    let offsets = [0];
    shape.forEach((extent, axis) => {
      offsets = offsets.flatMap((base) => Array.from({ length: extent }, (_, i) => base + i * stride[axis]!));
    });
    return offsets.map((offset) => data[offset]!);
  });
}

/** Collects everything that is unreachable, including native memory. */
export async function collectGarbage(): Promise<void> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  // Buffers of a collection are freed in the background; the next one waits for that. Finalizers run in later turns of the
  // event loop.
  for (let i = 0; i < 3; i++) {
    collect();
    await settle();
  }
}

/** Submits a frame, reads its tensors, and releases it. */
export async function infer(engine: Engine, frame: Nv12Frame): Promise<number[][]> {
  const inference = await engine.submit(frame);
  const values = valuesOf(inference);
  inference.release();
  return values;
}

/** What every engine must do (src/engine/engine.ts). The same suite runs on each of them. */
export function testEngine(name: string, open: OpenEngine, options: { skip?: string | false } = {}): void {
  describeUnless(options.skip ?? false, `the ${name} engine`, () => {
    let engine: Engine;
    before(async () => {
      engine = await open(2);
    });
    after(() => engine.close());

    it('describes itself', () => {
      const { width, height } = engine.model.input;
      assert.ok(width % 32 === 0 && height % 32 === 0 && width > 0 && height > 0);
      assert.ok(engine.model.outputs.length > 0);
      assert.equal(engine.slots, 2);
      assert.equal(typeof engine.model.file, 'string');
    });

    it('gives tensors as described by its model info, with timings and the letterbox', async () => {
      const inference = await engine.submit(noiseFrame(80, 50));
      const { width, height } = engine.model.input;
      assert.deepEqual({ ...inference.letterbox }, { ...new Letterbox(80, 50, width, height) });
      for (const [stage, milliseconds] of Object.entries(inference.timings)) {
        assert.ok(milliseconds > 0 && milliseconds < 60_000, `${stage} took ${milliseconds} ms`);
      }
      assert.equal(inference.tensors.length, engine.model.outputs.length);
      for (const [i, { data, ...info }] of inference.tensors.entries()) {
        assert.deepEqual(info, engine.model.outputs[i]);
        assert.equal(info.shape.length, 4);
        assert.ok(data instanceof ARRAYS[info.type]);
        const packed = packedStride(info.shape);
        info.stride.forEach((stride, axis) => assert.ok(stride >= packed[axis]!, `stride of ${info.name}`));
        const last = info.shape.reduce((at, extent, axis) => at + (extent - 1) * info.stride[axis]!, 0);
        assert.ok(last < data.length, `${info.name} ends at ${last} of ${data.length}`);
      }
      inference.release();
    });

    it('gives equal tensors for equal frames, and different ones for different frames', async () => {
      const first = await infer(engine, noiseFrame(64, 64, 1));
      const other = await infer(engine, noiseFrame(64, 64, 2));
      assert.deepEqual(await infer(engine, noiseFrame(64, 64, 1)), first);
      assert.notDeepEqual(other, first);
    });

    it('respects strides and offsets', async () => {
      const strided = noiseFrame(70, 38, 5, { luma: 26, chroma: 10, gap: 13 });
      const packed = { ...packedFrame(70, 38), data: packedBytes(strided) };
      assert.deepEqual(await infer(engine, strided), await infer(engine, packed));
    });

    it('accepts frames of any size, one after the other and together', async () => {
      const frames = [
        ...[noiseFrame(2, 2, 1), noiseFrame(640, 360, 2), noiseFrame(16, 900, 3)],
        ...[noiseFrame(1920, 1080, 4), noiseFrame(34, 2, 5), noiseFrame(64, 64, 6)],
      ];
      const alone = [];
      for (const frame of frames) alone.push(await infer(engine, frame));
      for (let i = 0; i < frames.length; i += 2) {
        const pair = [infer(engine, frames[i]!), infer(engine, frames[i + 1]!)];
        assert.deepEqual(await Promise.all(pair), alone.slice(i, i + 2));
      }
    });

    it('keeps the tensors of an inference while others run', async () => {
      const held = await engine.submit(noiseFrame(64, 64, 1));
      const values = valuesOf(held);
      for (let seed = 2; seed < 6; seed++) await infer(engine, noiseFrame(64, 64, seed));
      assert.deepEqual(valuesOf(held), values);
      held.release();
    });

    it('settles in order of submission', async () => {
      const four = await open(4);
      const settled: number[] = [];
      // The largest first: the others are letterboxed before it.
      const frames = [noiseFrame(1920, 1080), noiseFrame(2, 2), noiseFrame(640, 480), noiseFrame(64, 64)];
      const pending = frames.map(async (frame, i) => {
        const inference = await four.submit(frame);
        settled.push(i);
        assert.equal(inference.letterbox.sourceWidth, frame.width);
        inference.release();
      });
      await Promise.all(pending);
      assert.deepEqual(settled, [0, 1, 2, 3]);
      await four.close();
    });

    it('refuses a frame when no slot is free, and accepts one as soon as a slot is free', async () => {
      const inFlight = [engine.submit(noiseFrame(64, 64, 1)), engine.submit(noiseFrame(64, 64, 2))];
      const full = {
        name: 'ExpectationError',
        message: /^Expected a free slot but received 2 frames in flight/,
      };
      await assert.rejects(engine.submit(noiseFrame(64, 64)), full);
      const [first, second] = await Promise.all(inFlight);
      await assert.rejects(engine.submit(noiseFrame(64, 64)), full);
      first!.release();
      const third = await engine.submit(noiseFrame(64, 64));
      await assert.rejects(engine.submit(noiseFrame(64, 64)), full);
      third.release();
      second!.release();
    });

    it('ignores a second release: it frees no second slot', async () => {
      const first = await engine.submit(noiseFrame(64, 64));
      first.release();
      first.release();
      const both = [await engine.submit(noiseFrame(64, 64)), await engine.submit(noiseFrame(64, 64))];
      first.release();
      await assert.rejects(engine.submit(noiseFrame(64, 64)), /a free slot/);
      for (const inference of both) inference.release();
    });

    it('refuses frames that contradict their description, and loses no slot', async () => {
      const good = packedFrame(64, 64);
      for (const change of [
        { width: 63 },
        { height: 0 },
        { width: NaN },
        { lumaStride: 10 },
        { chromaOffset: 64 * 64 + 1 },
        { data: new Uint8Array(5) },
        { data: undefined },
        { width: 1e6, lumaStride: 1e6, chromaStride: 1e6 },
      ]) {
        await assert.rejects(engine.submit({ ...good, ...change } as Nv12Frame), {
          name: 'ExpectationError',
        });
      }
      assert.equal((await Promise.all([infer(engine, good), infer(engine, good)])).length, 2);
    });

    it('waits for frames in flight when it is closed, and accepts no more', async () => {
      const closing = await open(2);
      const expected = await infer(engine, noiseFrame(640, 480));
      const settled: number[][][] = [];
      const inFlight = [noiseFrame(640, 480), noiseFrame(2, 2)].map(async (frame) => {
        const inference = await closing.submit(frame);
        settled.push(valuesOf(inference));
        return inference;
      });
      const closed = closing.close();
      const message =
        'Expected an open engine but received a closed one. Open another one: after close() it takes no frames.';
      await assert.rejects(closing.submit(noiseFrame(64, 64)), { name: 'ExpectationError', message });
      await closed;
      assert.equal(settled.length, 2);
      assert.deepEqual(settled[0], expected);
      await closing.close();
      (await inFlight[0]!).release();
      await assert.rejects(closing.submit(noiseFrame(64, 64)), { message });
    });

    it('allocates no memory for frames while it runs', async () => {
      const frame = noiseFrame(320, 240);
      const run = async (frames: number): Promise<number> => {
        for (let i = 0; i < frames; i += 2) {
          for (const inference of await Promise.all([engine.submit(frame), engine.submit(frame)]))
            inference.release();
        }
        await collectGarbage();
        return process.memoryUsage().arrayBuffers;
      };
      const before = await run(20);
      const growth = (await run(200)) - before;
      // Less than the tensors of a single frame: the buffers are those of before.
      const bytes = engine.model.outputs.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b), 0);
      assert.ok(growth < bytes, `${growth} bytes more in buffers after 200 frames, of ${bytes} each`);
    });
  });
}
