import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, it } from 'mocha';
import { Decoder } from '../../../src/vision/decode/decoder.js';
import { recognizeHeads } from '../../../src/vision/decode/heads.js';
import type { Box, Segmentation } from '../../../src/vision/mask/segmentation.js';
import type { Engine } from '../../../src/engine/engine.js';
import { OnnxEngine } from '../../../src/engine/onnx/onnx-engine.js';
import type { Nv12Frame } from '../../../src/vision/picture/nv12-frame.js';
import { decodePicture } from '../../../src/media/picture-file.js';
import { sharedData } from '../../data.js';
import { maskIou } from '../../vision/decode/recorded.js';
import { describeUnless } from '../../skips.js';
import { temporaryFolder } from '../../temporary-folder.js';
import { peopleIn1080p, recordYolo } from './bpu-model.js';
import { openEmulated } from './emulator.js';

const PHOTOS = ['bus', 'zidane', 'kite', 'hobot_target'];

/** YOLOv8n-seg as hb_model_modifier leaves it for RDK X5: int32 boxes and coefficients with their real scales. */
describeUnless(sharedData.skip, 'the recorded YOLOv8n-seg on the emulated BPU', () => {
  const file = join(temporaryFolder('recorded'), 'yolov8n-seg.bin');
  const frames = new Map<string, Nv12Frame>();
  const expected = new Map<string, Segmentation>();

  before(async () => {
    for (const name of PHOTOS) {
      const frame = await decodePicture(readFileSync(sharedData.path(`photos/${name}.jpg`)));
      frames.set(name, frame);
    }
    frames.set('people, 1080p', peopleIn1080p());
    const onnx = await OnnxEngine.open({ file: sharedData.path('models/yolov8n-seg-rdk.onnx') });
    await recordYolo(onnx, frames.values(), file);
    for (const [name, frame] of frames) expected.set(name, await segment(onnx, frame));
    await onnx.close();
  });

  it('has the tensor types and scales of the board', async () => {
    const engine = await openEmulated({ file });
    const types = engine.model.outputs.map(({ type }) => type);
    assert.deepEqual(types, [...Array<string>(6).fill('int32'), ...Array<string>(4).fill('float32')]);
    const [first] = engine.model.outputs;
    assert.ok(first!.quantization.kind === 'scale' && first!.quantization.scale.length === 32);
    await engine.close();
  });

  it('finds the same as the onnx engine: boxes within 0.5 px, mask IoU at least 0.98', async () => {
    const engine = await openEmulated({ file });
    let instances = 0;
    for (const [name, frame] of frames) {
      const found = (await segment(engine, frame)).instances;
      const wanted = expected.get(name)!.instances;
      assert.equal(found.length, wanted.length, name);
      for (const [i, { classId, score, box, mask }] of found.entries()) {
        assert.equal(classId, wanted[i]!.classId);
        assert.ok(Math.abs(score - wanted[i]!.score) < 1e-6);
        for (const side of ['x1', 'y1', 'x2', 'y2'] satisfies (keyof Box)[]) {
          assert.ok(Math.abs(box[side] - wanted[i]!.box[side]) < 0.5, `${name} ${i} ${side}`);
        }
        const iou = maskIou(mask, wanted[i]!.mask);
        assert.ok(iou >= 0.98, `${name} ${i}: mask IoU ${iou}`);
        instances++;
      }
    }
    assert.ok(instances >= 30, `${instances} instances`);
    await engine.close();
  });
});

function decoderFor({ model }: Engine): Decoder {
  return new Decoder(recognizeHeads(model.outputs, model.input));
}

/** Decoded by a decoder of its own, whose memory the result keeps. */
async function segment(engine: Engine, frame: Nv12Frame): Promise<Segmentation> {
  const inference = await engine.submit(frame);
  const segmentation = decoderFor(engine).decode(inference.tensors, inference.letterbox);
  inference.release();
  return segmentation;
}
