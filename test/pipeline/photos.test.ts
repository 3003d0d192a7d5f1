import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, it } from 'mocha';
import type { Segmentation } from '../../src/vision/mask/segmentation.js';
import { OnnxEngine } from '../../src/engine/onnx/onnx-engine.js';
import { nv12Frame } from '../../src/vision/picture/nv12-frame.js';
import { openInputs } from '../../src/media/inputs.js';
import type { SourceFrame } from '../../src/vision/picture/frame-source.js';
import { isResult, Segmenter } from '../../src/pipeline/segmenter.js';
import { sharedData } from '../data.js';
import { boxIou, maskIou, referenceDetections, referenceMask } from '../vision/decode/recorded.js';
import { describeUnless } from '../skips.js';

const PHOTOS = ['bus', 'zidane', 'kite', 'hobot_target'];

describeUnless(sharedData.skip, 'YOLOv8n-seg through NV12', () => {
  let engine: OnnxEngine;
  let segmenter: Segmenter;
  before(async () => {
    engine = await OnnxEngine.open({ file: sharedData.path('models/yolov8n-seg-rdk.onnx') });
    segmenter = new Segmenter(engine);
  });
  after(() => engine.close());

  /** Every frame of the inputs, copied because results are lent only until the next. */
  async function segment(paths: string[]): Promise<{ frame: SourceFrame; segmentation: Segmentation }[]> {
    const { sources, failed } = await openInputs(paths, {});
    assert.deepEqual(failed, []);
    const results = [];
    for (const source of sources) {
      for await (const item of segmenter.segment(source.frames())) {
        assert.ok(isResult(item), 'error' in item ? item.error.message : '');
        results.push({ frame: item.frame, segmentation: structuredClone(item.segmentation) });
      }
    }
    return results;
  }

  for (const photo of PHOTOS) {
    it(`finds on ${photo} the same as the RGB reference`, async () => {
      const [result] = await segment([sharedData.path(`photos/${photo}.jpg`)]);
      const { instances } = result!.segmentation;
      const { detections } = referenceDetections(photo);
      for (const reference of detections.filter(({ score }) => score >= 0.5)) {
        const [x1, y1, x2, y2] = reference.boxImage;
        const overlap = (i: number): number => boxIou(instances[i]!.box, { x1, y1, x2, y2 });
        const same = [...instances.keys()].filter((i) => instances[i]!.classId === reference.class);
        const best = same.reduce((a, b) => (overlap(b) > overlap(a) ? b : a), same[0] ?? -1);
        assert.ok(best >= 0, `no ${reference.name}`);
        const large = Math.min(x2 - x1, y2 - y1) >= 64;
        const what = `${reference.name} ${reference.score}: box IoU ${overlap(best)}`;
        assert.ok(overlap(best) >= (large ? 0.95 : 0.85), what);
        const iou = maskIou(instances[best]!.mask, referenceMask(reference));
        assert.ok(iou >= 0.85, `${what}, mask IoU ${iou}`);
        assert.ok(
          Math.abs(instances[best]!.score - reference.score) <= 0.1,
          `${what}, score ${instances[best]!.score}`,
        );
      }
      for (const { classId, score, box } of instances.filter((instance) => instance.score > 0.7)) {
        const known = detections.some(
          ({ class: id, boxImage: [x1, y1, x2, y2] }) =>
            id === classId && boxIou(box, { x1, y1, x2, y2 }) > 0.5,
        );
        assert.ok(known, `class ${classId} with ${score} is not in the reference`);
      }
    });
  }

  it('finds the five persons in an NV12 frame', async () => {
    const [result] = await segment([sharedData.path('nv12/people_960x544.nv12')]);
    const persons = result!.segmentation.instances.filter(({ classId }) => classId === 0);
    assert.equal(persons.length, 5);
    assert.ok(persons.every(({ score }) => score > 0.8));
  });

  it('gives an empty result for a frame at night', async () => {
    const [result] = await segment([sharedData.path('nv12/night_1920x1080.nv12')]);
    assert.deepEqual(result!.segmentation.instances, []);
  });

  it('gives the same for rows with padding', async () => {
    const packed = readFileSync(sharedData.path('nv12/people_960x544.nv12'));
    const step = 1024;
    const padded = new Uint8Array(step * 544 * 1.5).fill(77);
    for (let row = 0; row < 544 * 1.5; row++)
      padded.set(packed.subarray(row * 960, (row + 1) * 960), row * step);
    const results = [];
    for (const data of [packed, padded]) {
      const frame = nv12Frame(data, { width: 960, height: 544, step: data === packed ? 0 : step });
      const inference = await engine.submit(frame);
      results.push(structuredClone(segmenter.decoder.decode(inference.tensors, inference.letterbox)));
      inference.release();
    }
    assert.deepEqual(results[0], results[1]);
  });
});
