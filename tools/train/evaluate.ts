/**
 * Measures a model on generated scenes, through the same engine and decoder as at run time:
 *
 *   node dist/tools/train/evaluate.js [model.onnx] [--seed 700000] [--scenes 40] [--frames 10]
 *     [--width 1280] [--height 720] [--range full] [--score 0.001]
 *
 * Frames of a scene are two seconds apart, so that they differ. `--range limited` renders limited-range frames, which the
 * engine then takes for full range.
 */
import { setImmediate } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import { OnnxEngine } from '../../src/engine/onnx/onnx-engine.js';
import { AveragePrecision, type Quality } from '../../src/vision/evaluate/average-precision.js';
import type { ColorRange } from '../../src/vision/picture/color-range.js';
import { Scene, type SceneFrame } from '../../src/media/scene/index.js';
import { demoModel } from '../../src/model/demo-model.js';
import { isResult, Segmenter } from '../../src/pipeline/segmenter.js';

const FRAMES_APART = 61;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: 'string', default: '700000' },
    scenes: { type: 'string', default: '40' },
    frames: { type: 'string', default: '10' },
    width: { type: 'string', default: '1280' },
    height: { type: 'string', default: '720' },
    range: { type: 'string', default: 'full' },
    score: { type: 'string', default: '0.001' },
  },
});

async function* framesOf(scene: Scene): AsyncGenerator<SceneFrame> {
  for (let i = 0; i < Number(values.frames); i++) {
    const index = i * FRAMES_APART;
    const { frame, truth } = scene.render(index);
    yield { frame, truth, source: 'scene:', index, stamp: { sec: 0, nanosec: 0 }, frameId: '' };
    await setImmediate();
  }
}

function line(name: string, { ap50, ap, precision, recall, ap50ByClass }: Quality): string {
  const shown = ap50ByClass.map((value, classId) => `${Scene.classes[classId]} ${value.toFixed(3)}`);
  const main = { AP50: ap50, AP: ap, precision, recall };
  const numbers = Object.entries(main).map(([key, value]) => `${key} ${value.toFixed(3)}`);
  return `${name} ${numbers.join(', ')}; AP50 by class: ${shown.join(', ')}`;
}

const engine = await OnnxEngine.open({ file: positionals[0] ?? demoModel() });
const quality = new AveragePrecision(Scene.classes.length);
for (let i = 0; i < Number(values.scenes); i++) {
  const scene = new Scene({
    seed: Number(values.seed) + i,
    width: Number(values.width),
    height: Number(values.height),
    range: values.range as ColorRange,
  });
  const segmenter = new Segmenter(engine, { score: Number(values.score) });
  for await (const result of segmenter.segment(framesOf(scene))) {
    if (!isResult(result)) throw result.error;
    quality.add(result.segmentation, result.frame.truth);
  }
}
await engine.close();
const { frames, objects, box, mask } = quality.evaluate();
console.log(`${frames} frames, ${objects} objects`);
console.log(line('mask', mask));
console.log(line('box ', box));
