import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { Random } from '../../src/media/scene/random.js';
import { Scene } from '../../src/media/scene/scene.js';
import { openSegmenter } from '../../src/pipeline/open-segmenter.js';
import { isResult } from '../../src/pipeline/segmenter.js';
import { CameraTracking } from '../../src/pipeline/tracking.js';
import { Steadiness } from '../../src/vision/evaluate/steadiness.js';
import type { SourceFrame } from '../../src/vision/picture/frame-source.js';
import { nv12Frame } from '../../src/vision/picture/nv12-frame.js';
import { printNote } from '../skips.js';
import { stampAt } from '../vision/track/frames.js';

const [WIDTH, HEIGHT] = [640, 360];
const FRAMES = 60;
/** Deviation of a pixel's value, of 255: a small sensor indoors. */
const NOISE = 6;

// Not `npm test`: a network runs over each frame. `npm run test:long`.
describe('a still scene with sensor noise, through a network', () => {
  it('flickers less than half as much with steady shapes', async function () {
    const rendered = new Scene({ width: WIDTH, height: HEIGHT, seed: 3 }).render(0);
    const bytes = Uint8Array.from(rendered.frame.data);
    const random = new Random(1);
    async function* frames(): AsyncGenerator<SourceFrame> {
      for (let index = 0; index < FRAMES; index++) {
        const noisy = bytes.map((value) => Math.min(255, Math.max(0, value + NOISE * random.gaussian())));
        const frame = nv12Frame(noisy, { width: WIDTH, height: HEIGHT });
        yield { source: 'still', index, stamp: stampAt(index / 30), frameId: '', frame };
        await Promise.resolve();
      }
    }
    const truth = rendered.truth.objects.map((object) => ({ ...object, visible: object.visibility }));
    const model = await openSegmenter(undefined, { score: 0.1 });
    try {
      const flickers: number[] = [];
      const ious: number[] = [];
      for (const steadyShapes of [0, 0.3]) {
        const tracking = new CameraTracking();
        tracking.setOptions({ reported: {}, steadyShapes });
        const steadiness = new Steadiness();
        for await (const item of model.segmenter.segment(frames(), undefined, tracking)) {
          assert.ok(isResult(item));
          if (item.frame.index > 5) steadiness.add(item.frame.index / 30, item.segmentation, truth);
        }
        const { maskFlicker, maskIou } = steadiness.evaluate();
        flickers.push(maskFlicker);
        ious.push(maskIou);
      }
      const percent = (values: number[]): string =>
        values.map((value) => (100 * value).toFixed(2)).join(' > ');
      printNote(this, `flicker ${percent(flickers)} %, IoU ${percent(ious)} %`);
      assert.ok(flickers[1]! < flickers[0]! / 2, percent(flickers));
      assert.ok(ious[1]! > ious[0]! - 0.005, percent(ious));
    } finally {
      await model.close();
    }
  });
});
