import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'mocha';
import { Decoder } from '../../../src/vision/decode/decoder.js';
import { recognizeHeads } from '../../../src/vision/decode/heads.js';
import type { Tensor } from '../../../src/vision/tensor/tensor.js';
import { Letterbox } from '../../../src/vision/picture/letterbox.js';
import { sharedData } from '../../data.js';
import { maskIou, recordedBusHeads, referenceDetections, referenceMask } from './recorded.js';
import { describeUnless } from '../../skips.js';

const SIZE = { width: 640, height: 640 };
const LETTERBOX = new Letterbox(810, 1080, 640, 640);

/** Box and coefficient heads as the X5 model gives them: int32 with the real per-channel scales. */
function quantized(tensors: readonly Tensor[]): Tensor[] {
  const file = sharedData.path('rdk/yolov8n_instance_seg_bayese_640x640_nv12_modified.model_info.json');
  const slots = JSON.parse(readFileSync(file, 'utf8')) as { slot: string; scale?: number[] }[];
  return tensors.map((tensor, i) => {
    const scale = slots.find(({ slot }) => slot === `output[${i}]`)?.scale;
    if (!scale) return tensor;
    const data = Int32Array.from(tensor.data, (value, k) => Math.round(value / scale[k % scale.length]!));
    return {
      ...tensor,
      type: 'int32',
      quantization: { kind: 'scale', scale: Float32Array.from(scale), axis: 3 },
      data,
    };
  });
}

describeUnless(sharedData.skip, 'decoder on the recorded heads of bus.jpg', () => {
  const run = (tensors: readonly Tensor[]): void => {
    const found = new Decoder(recognizeHeads(tensors, SIZE)).decode(tensors, LETTERBOX);
    const { detections } = referenceDetections('bus');
    assert.equal(found.instances.length, detections.length);
    for (const [i, reference] of detections.entries()) {
      const { classId, score, box, mask } = found.instances[i]!;
      assert.equal(classId, reference.class);
      assert.ok(Math.abs(score - reference.score) < 1e-3, `score ${score} of ${reference.name}`);
      const error = [box.x1, box.y1, box.x2, box.y2].map((value, k) =>
        Math.abs(value - reference.boxImage[k]!),
      );
      assert.ok(Math.max(...error) <= 0.05, `box error ${error.join(' ')} px of ${reference.name}`);
      const iou = maskIou(mask, referenceMask(reference));
      assert.ok(iou >= 0.995, `mask IoU ${iou} of ${reference.name}`);
    }
  };

  it('agrees with the reference on float heads', () => run(recordedBusHeads()));

  it('agrees with the reference on int32 heads with the real scales', () =>
    run(quantized(recordedBusHeads())));
});
