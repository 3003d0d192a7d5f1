import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { openEngine } from '../../../src/engine/registry.js';
import type { CameraEngine, Engine } from '../../../src/engine/engine.js';
import { addon } from '../../../src/native/addon.js';
import { isResult } from '../../../src/pipeline/segmenter.js';
import { openSegmenter } from '../../../src/pipeline/open-segmenter.js';
import type { SourceFrame } from '../../../src/vision/picture/frame-source.js';
import { messageOf } from '../camera-messages.js';
import { Collector } from '../camera-collector.js';
import { noiseFrame, plainFrame } from '../../native/frames.js';
import { temporaryFolder } from '../../temporary-folder.js';
import { queryModel } from '../tiny-onnx.js';

/** No multiples of 32, as RF-DETR's own 312 or 504. */
const SIZE = { width: 36, height: 24 };
const MEAN = [0.485, 0.456, 0.406];
const DEVIATION = [0.229, 0.224, 0.225];

/** Three queries: the left half of a box, the whole of another, nothing. */
const MODEL = {
  ...SIZE,
  boxes: [
    [0.5, 0.5, 0.5, 0.5],
    [0.25, 0.125, 0.5, 0.25],
    [0.75, 0.75, 0.25, 0.25],
  ],
  logits: [
    [-9, -9, -9, 3, -9],
    [-9, -9, -9, -9, 2],
    [-9, -9, -9, -9, -9],
  ],
  masks: [halfMask(), new Float32Array(54).fill(3), new Float32Array(54).fill(3)],
  columns: 9,
};

/** 9x6 logits, positive left of the middle. */
function halfMask(): Float32Array {
  return Float32Array.from({ length: 54 }, (_, i) => 4 - (i % 9));
}

describe('a network with queries (RF-DETR) on ONNX Runtime', () => {
  const folder = temporaryFolder('queries');
  const file = join(folder, 'rf-detr.onnx');
  writeFileSync(file, queryModel(MODEL));

  async function withEngine(use: (engine: Engine) => Promise<void>): Promise<void> {
    const engine = await openEngine(file, { threads: 1 });
    try {
      await use(engine);
    } finally {
      await engine.close();
    }
  }

  it('gets the picture stretched, without padding, and normalized', () =>
    withEngine(async (engine) => {
      const normalization = { name: 'ImageNet', mean: MEAN, deviation: DEVIATION };
      assert.deepEqual(engine.model.input, { ...SIZE, fit: 'stretch', normalization });
      assert.match(engine.model.note ?? '', /stretched.*ImageNet's mean \(0\.485, 0\.456, 0\.406\)/);
      for (const value of [0, 77, 255]) {
        const inference = await engine.submit(plainFrame(100, 20, value, 128, 128));
        const { scaleX, scaleY, left, top } = inference.letterbox;
        assert.deepEqual([scaleX, scaleY, left, top], [0.36, 1.2, 0, 0]);
        const logits = inference.tensors[1]!.data;
        for (let channel = 0; channel < 3; channel++) {
          const wanted = (value / 255 - MEAN[channel]!) / DEVIATION[channel]!;
          const found = logits[channel]! - MODEL.logits[0]![channel]!;
          assert.ok(Math.abs(found - wanted) < 1e-4, `${value}: ${found}, ${wanted}`);
        }
        inference.release();
      }
    }));

  it('gets pictures of cameras like submitted ones', () =>
    withEngine(async (engine) => {
      const camera = addon().injectCamera();
      const seen = new Collector();
      (engine as CameraEngine).attach(camera, seen);
      for (const [i, frame] of [noiseFrame(80, 50), noiseFrame(16, 90, 3)].entries()) {
        camera.offer(messageOf(frame));
        await seen.until(i + 1);
        const inference = await engine.submit(frame);
        assert.deepEqual(
          seen.values[i],
          inference.tensors.map(({ data }) => [...data]),
        );
        inference.release();
      }
      camera.close();
    }));

  it('finds boxes and masks at their places in the picture', async () => {
    const model = await openSegmenter(file, { score: 0.5, threads: 1 });
    try {
      const frame = plainFrame(200, 100, 128, 128, 128);
      async function* frames(): AsyncGenerator<SourceFrame> {
        await Promise.resolve();
        yield { source: 'gray', index: 0, frame, stamp: { sec: 0, nanosec: 0 }, frameId: '' };
      }
      for await (const result of model.segmenter.segment(frames())) {
        assert.ok(isResult(result));
        const { instances } = result.segmentation;
        assert.deepEqual(
          instances.map(({ classId, box }) => [classId, box]),
          [
            [3, { x1: 50, y1: 25, x2: 150, y2: 75 }],
            [4, { x1: 0, y1: 0, x2: 100, y2: 25 }],
          ],
        );
        const rows = (of: number): number[] => {
          const { width, height, data } = instances[of]!.mask;
          return Array.from({ length: height }, (_, y) =>
            data.subarray(y * width, (y + 1) * width).reduce((sum, cell) => sum + cell, 0),
          );
        };
        // The logits pass 0 at the center of column 4 of 9: 100 pixels from the left, 50 from the box's.
        assert.deepEqual(rows(0), Array<number>(50).fill(50));
        assert.deepEqual(rows(1), Array<number>(25).fill(100));
      }
    } finally {
      await model.close();
    }
  });

  it('is refused in odd sizes', async () => {
    const odd = join(folder, 'odd.onnx');
    writeFileSync(odd, queryModel({ ...MODEL, width: 27, height: 18 }));
    await assert.rejects(openEngine(odd), /multiples of 2, at most/);
  });
});
