import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { after, before, it } from 'mocha';
import { OnnxEngine } from '../../src/engine/onnx/onnx-engine.js';
import { AveragePrecision, type TruthInstance } from '../../src/vision/evaluate/average-precision.js';
import { openInputs } from '../../src/media/inputs.js';
import { chooseLabels } from '../../src/model/labels.js';
import { isResult, Segmenter } from '../../src/pipeline/segmenter.js';
import { sharedData } from '../data.js';
import { describeUnless, printNote } from '../skips.js';

interface Annotations {
  images: { id: number; file_name: string; width: number; height: number }[];
  annotations: {
    image_id: number;
    category_id: number;
    bbox: [number, number, number, number];
    iscrowd: number;
  }[];
  categories: { id: number; name: string }[];
}

const PHOTOS = 47;

describeUnless(sharedData.skip, 'YOLOv8n-seg on 47 photos of COCO', () => {
  let engine: OnnxEngine;
  let segmenter: Segmenter;
  let coco: Annotations;
  let quality: AveragePrecision;
  before(async () => {
    coco = JSON.parse(readFileSync(sharedData.path('coco/instances.json'), 'utf8')) as Annotations;
    engine = await OnnxEngine.open({ file: sharedData.path('models/yolov8n-seg-rdk.onnx') });
    segmenter = new Segmenter(engine, { score: 0.001, iou: 0.7, maxDetections: 300 });
    quality = new AveragePrecision(segmenter.decoder.layout.classCount);
  });
  after(() => engine.close());

  const noMask = { x: 0, y: 0, width: 0, height: 0, data: new Uint8Array(0) };
  for (const [from, to] of [
    [0, 24],
    [24, PHOTOS],
  ] as const) {
    it(`gives results in the pixels of photos ${from + 1} to ${to}, also of odd size`, async () => {
      const labels = chooseLabels(80, engine.model.labels);
      const names = new Map(coco.categories.map(({ id, name }) => [id, name]));
      const { sources } = await openInputs([sharedData.path('coco/images')]);
      assert.equal(sources.length, PHOTOS);
      for (const source of sources.slice(from, to)) {
        for await (const result of segmenter.segment(source.frames())) {
          assert.ok(isResult(result));
          const image = coco.images.find(({ file_name }) => file_name === basename(source.name))!;
          // Odd sizes are those of the picture, not of its NV12 frame.
          assert.deepEqual(
            [result.segmentation.width, result.segmentation.height],
            [image.width, image.height],
          );
          const objects = coco.annotations
            .filter(({ image_id }) => image_id === image.id)
            .map(({ category_id, bbox: [x, y, width, height], iscrowd }): TruthInstance => ({
              classId: labels.indexOf(names.get(category_id)!),
              box: { x1: x, y1: y, x2: x + width, y2: y + height },
              mask: noMask,
              ignore: iscrowd === 1,
            }));
          quality.add(result.segmentation, { width: image.width, height: image.height, objects });
        }
      }
    });
  }

  // Masks are scored by pycocotools (tools/evaluate/coco.py): 0.335 against 0.328 of an RGB reference, when last run.
  it('reaches the box AP of the RGB reference', function () {
    const { box } = quality.evaluate();
    printNote(this, `box AP ${box.ap.toFixed(4)}, AP50 ${box.ap50.toFixed(4)}`);
    assert.ok(box.ap >= 0.366, `box AP ${box.ap}`);
  });
});
