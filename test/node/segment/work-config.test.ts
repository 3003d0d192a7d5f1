import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'mocha';
import { readWorkConfig } from '../../../src/node/segment/work-config.js';
import { checkParameter } from '../../../src/parameters/parameter.js';
import { SEGMENT_PARAMETERS, type SegmentParameters } from '../../../src/parameters/segment.js';
import { temporaryFolder } from '../../temporary-folder.js';

describe('readWorkConfig', () => {
  const folder = temporaryFolder('work-config');
  const file = join(folder, 'config', 'yolov8segworkconfig.json');
  const read = (config: unknown): Partial<SegmentParameters> => {
    writeFileSync(file, typeof config === 'string' ? config : JSON.stringify(config));
    return readWorkConfig(file);
  };

  before(() => {
    mkdirSync(join(folder, 'config'));
    for (const name of ['beside.bin', 'coco.list']) writeFileSync(join(folder, 'config', name), '');
  });

  it("reads TROS's own, which contains more than we need", () => {
    const parameters = read({
      model_file: 'config/beside.bin',
      dnn_Parser: 'yolov8-seg',
      model_output_count: 10,
      reg_max: 16,
      class_num: 80,
      cls_names_list: 'config/coco.list',
      strides: [8, 16, 32],
      score_threshold: 0.25,
      nms_threshold: 0.7,
      nms_top_k: 300,
      task_num: 4,
    });
    assert.deepEqual(parameters, {
      model: join(folder, 'config/beside.bin'),
      labels: join(folder, 'config/coco.list'),
      score: 0.25,
      iou: 0.7,
      max_detections: 300,
      slots: 4,
    });
    for (const [name, value] of Object.entries(parameters)) {
      checkParameter(name, SEGMENT_PARAMETERS[name as keyof SegmentParameters], value);
    }
  });

  it('finds files beside it, keeps full paths, and leaves names of models alone', () => {
    assert.deepEqual(read({ model_file: 'beside.bin', model_name: 'beside.bin' }), {
      model: join(folder, 'config/beside.bin'),
      model_name: 'beside.bin',
    });
    assert.deepEqual(read({ model_file: '/no/such.bin' }), { model: '/no/such.bin' });
    const missing = join(process.cwd(), 'no/such.bin');
    assert.deepEqual(
      read({ model_file: 'no/such.bin' }),
      { model: missing },
      'for a message with a full path',
    );
    assert.deepEqual(read({}), {});
  });

  it('refuses work configs of other networks, and accepts any spelling of segmentation', () => {
    assert.throws(
      () => read({ dnn_Parser: 'yolov5' }),
      /a work config for YOLO segmentation in .* but received dnn_Parser yolov5. Detection/,
    );
    for (const parser of ['yolov8-seg', 'YOLOv8Seg', 'unetseg'])
      assert.deepEqual(read({ dnn_Parser: parser }), {});
  });

  it('reports fields of a wrong type, and files that are not work configs', () => {
    assert.throws(
      () => read({ score_threshold: '0.3' }),
      /a number for score_threshold in .*yolov8segworkconfig.json but received 0.3/,
    );
    assert.throws(() => read({ model_file: 5 }), /a string for model_file/);
    assert.throws(() => read({ model_file: null }), /a string for model_file/);
    for (const wrong of ['[]', 'null', '5']) assert.throws(() => read(wrong), /a JSON object in/, wrong);
    assert.throws(() => read('{ model_file: x }'), /a TROS work config \(JSON\).*Check work_config: /);
    assert.throws(() => readWorkConfig(join(folder, 'none.json')), /a TROS work config \(JSON\).*none\.json/);
  });
});
