import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { OnnxEngine } from '../../src/engine/onnx/onnx-engine.js';
import { AveragePrecision } from '../../src/vision/evaluate/average-precision.js';
import { SceneSource } from '../../src/media/scene/index.js';
import { demoModel } from '../../src/model/demo-model.js';
import { isResult, Segmenter } from '../../src/pipeline/segmenter.js';
import { printNote } from '../skips.js';

/** Scenes that training never saw: it uses other seeds (tools/train/README.md). */
const HELD_OUT_SEEDS = Array.from({ length: 20 }, (_, i) => 900_000 + i);
const FRAMES = 6;

describe('demo model', () => {
  it('finds the shapes of held-out scenes with a mask AP50 of at least 0.9', async function () {
    const engine = await OnnxEngine.open({ file: demoModel() });
    // As for every average precision, uncertain guesses belong to the curve.
    const segmenter = new Segmenter(engine, { score: 0.01 });
    const quality = new AveragePrecision(segmenter.decoder.layout.classCount);
    for (const seed of HELD_OUT_SEEDS) {
      for await (const result of segmenter.segment(new SceneSource({ seed, count: FRAMES }).frames())) {
        assert.ok(isResult(result));
        quality.add(result.segmentation, result.frame.truth);
      }
    }
    await engine.close();
    const { frames, objects, mask, box } = quality.evaluate();
    const shown = Object.entries({ mask, box }).map(
      ([kind, q]) => `${kind} AP50 ${q.ap50.toFixed(3)} AP ${q.ap.toFixed(3)}`,
    );
    printNote(this, `${frames} frames, ${objects} objects: ${shown.join(', ')}`);
    assert.ok(mask.ap50 >= 0.9, shown.join(', '));
  });
});
