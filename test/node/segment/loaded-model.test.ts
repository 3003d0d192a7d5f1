import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { queryModel, tenHeads } from '../../engine/tiny-onnx.js';
import { withVariables } from '../../environment.js';
import { noiseFrame } from '../../native/frames.js';
import { decodeOptions, loadModel } from '../../../src/node/segment/loaded-model.js';
import type { SegmentParameters } from '../../../src/parameters/segment.js';
import { temporaryFolder } from '../../temporary-folder.js';
import { defaultParameters } from '../default-parameters.js';

describe('the model given by parameters', () => {
  const folder = temporaryFolder('loaded-model');
  const model = join(folder, 'tiny.v2.onnx');
  writeFileSync(model, tenHeads(64, 64, ['cat', 'dog', 'bird']));
  const parameters = (changes: Partial<SegmentParameters> = {}): SegmentParameters => ({
    ...defaultParameters(),
    model,
    ...changes,
  });

  it('is loaded with its classes and options, and segments', async () => {
    const { engine, segmenter, labels, name } = await loadModel(parameters({ score: 0, max_detections: 3 }));
    try {
      assert.deepEqual([engine.kind, name], ['onnx', 'tiny.v2']);
      assert.deepEqual(labels.names, ['cat', 'dog', 'bird']);
      const inference = await engine.submit(noiseFrame(64, 64));
      assert.ok(segmenter.decoder.decode(inference.tensors, inference.letterbox).instances.length <= 3);
      inference.release();
    } finally {
      await engine.close();
    }
  });

  it('is the demo model if none is named', async () => {
    const { engine, name } = await loadModel(parameters({ model: '' }));
    await engine.close();
    assert.equal(name, 'scene-n-seg');
  });

  describe('by a name', () => {
    withVariables({ XDG_CACHE_HOME: folder, TROS_YOLO_SEG_MODELS: '' });

    it('is read from the cache, and never downloaded', async () => {
      await assert.rejects(
        loadModel(parameters({ model: 'yolov8n-seg' })),
        /Expected yolov8n-seg at .* but received nothing\. Download it first: tros-yolo-seg model get yolov8n-seg$/,
      );
      await assert.rejects(loadModel(parameters({ model: 'yolov8m-sec' })), /Did you mean yolov8m-seg/);
      mkdirSync(join(folder, 'tros-yolo-seg/models'), { recursive: true });
      copyFileSync(model, join(folder, 'tros-yolo-seg/models/yolov8n-seg.onnx'));
      const { engine, name } = await loadModel(parameters({ model: 'yolov8n-seg' }));
      await engine.close();
      assert.equal(name, 'yolov8n-seg');
    });
  });

  it('has the class names of the given file', async () => {
    const names = join(folder, 'names.txt');
    writeFileSync(names, 'Katze\nHund\nVogel\n');
    const { engine, labels } = await loadModel(parameters({ labels: names }));
    await engine.close();
    assert.deepEqual(labels.names, ['Katze', 'Hund', 'Vogel']);
  });

  it('may be RF-DETR, with the ids of COCO, and a warning that they are assumed', async () => {
    const file = join(folder, 'rf-detr-seg.onnx');
    const logits = [Array.from({ length: 91 }, (_, id) => (id === 90 ? 4 : -9))];
    const masks = [new Float32Array(36).fill(1)];
    const boxes = [[0.5, 0.5, 0.5, 0.5]];
    writeFileSync(file, queryModel({ width: 24, height: 24, boxes, logits, masks, columns: 6 }));
    const { engine, segmenter, labels, warnings } = await loadModel(
      parameters({ model: file, classes: ['toothbrush'] }),
    );
    try {
      assert.match(
        warnings.join(),
        /does not name its 91 classes: the classes are taken for COCO's ids 0 to 90/,
      );
      const inference = await engine.submit(noiseFrame(64, 32));
      const { instances } = segmenter.decoder.decode(inference.tensors, inference.letterbox);
      assert.deepEqual(
        instances.map(({ classId, box }) => [labels.names[classId], box]),
        [['toothbrush', { x1: 16, y1: 8, x2: 48, y2: 24 }]],
      );
      inference.release();
    } finally {
      await engine.close();
    }
    const names = join(folder, 'ninety.txt');
    writeFileSync(names, 'name\n'.repeat(90));
    await assert.rejects(
      loadModel(parameters({ model: file, labels: names })),
      /91 class names .* but received 90\..* counts its classes from 1: put a line for class 0/,
    );
  });

  it('is refused for roles, names, classes and scores that do not fit', async () => {
    for (const [changes, what] of [
      [{ heads: ['box', 'nose'] }, /for parameter heads but received nose/],
      [{ labels: join(folder, 'absent.txt') }, /absent\.txt/],
      [{ classes: ['cow'] }, /It knows cat, dog, bird/],
      [{ class_scores: ['cow=0.5'] }, /parameter class_scores|cow/],
      [{ model: join(folder, 'absent.onnx') }, /absent\.onnx/],
    ] as const) {
      await assert.rejects(loadModel(parameters(changes)), what, JSON.stringify(changes));
    }
  });

  it('finds classes by name and number', () => {
    const { classes, classScores } = decodeOptions(
      parameters({ classes: ['Dog', '2'], class_scores: ['cat=0.5'] }),
      ['cat', 'dog', 'bird'],
    );
    assert.deepEqual(classes, [1, 2]);
    assert.ok(classScores !== undefined);
    assert.equal(decodeOptions(parameters(), ['cat']).classes, undefined);
  });
});
