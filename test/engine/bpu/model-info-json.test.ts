import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { readModelInfo } from '../../../src/engine/bpu/model-info-json.js';
import { ExpectationError } from '../../../src/base/expect.js';
import { temporaryFolder } from '../../temporary-folder.js';

const OUTPUT = {
  slot: 'output[0]',
  name: 'box8',
  validShape: [1, 80, 80, 64],
  alignedShape: [1, 80, 80, 64],
  alignedByteSize: 1638400,
  tensorType: 'HB_DNN_TENSOR_TYPE_S32',
  tensorLayout: 'HB_DNN_LAYOUT_NHWC',
  quantiType: 'SCALE',
  stride: [1638400, 20480, 256, 4],
  scale: [0.5, 0.25],
  quantizeAxis: 3,
};
const INPUT = {
  slot: 'input[0]',
  name: 'images',
  validShape: [1, 3, 640, 640],
  alignedShape: [1, 3, 640, 640],
  alignedByteSize: 614400,
  tensorType: 'HB_DNN_IMG_TYPE_NV12',
  tensorLayout: 'HB_DNN_LAYOUT_NCHW',
  quantiType: 'NONE',
  stride: [0, 0, 0, 0],
};

describe('the description of a model by hrt_model_exec, as JSON', () => {
  const folder = temporaryFolder('model-info');
  const read = (content: unknown): ReturnType<typeof readModelInfo> => {
    const file = join(folder, 'info.json');
    writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
    return readModelInfo(file);
  };

  it('gives the properties that libdnn reports', async () => {
    const { inputs, outputs } = await read([{ slot: 'other[0]' }, OUTPUT, INPUT, null]);
    assert.deepEqual(inputs, [
      {
        name: 'images',
        validShape: [1, 3, 640, 640],
        alignedShape: [1, 3, 640, 640],
        stride: [0, 0, 0, 0],
        alignedByteSize: 614400,
        tensorType: 1,
        tensorLayout: 2,
        quantiType: 0,
        quantizeAxis: 0,
        scale: [],
        zeroPoint: [],
        shift: [],
      },
    ]);
    const [{ tensorType, tensorLayout, quantiType, quantizeAxis, scale }] = outputs as [(typeof outputs)[0]];
    assert.deepEqual([tensorType, tensorLayout, quantiType, quantizeAxis, scale], [14, 0, 2, 3, [0.5, 0.25]]);
  });

  it('is refused if it is invalid, with the error and its position', async () => {
    for (const [content, what] of [
      ['no json', /tensor properties as JSON in .*info\.json/],
      [{}, /a list of tensors in .*info\.json but received object/],
      [[{ ...OUTPUT, scale: [1, 'x'] }], /a list of numbers for scale of output\[0\] in .*info\.json/],
      [[{ ...OUTPUT, stride: undefined }], /a list of numbers for stride of output\[0\]/],
      [
        [{ ...OUTPUT, alignedByteSize: 1.5 }],
        /an integer for alignedByteSize of output\[0\] .* received 1\.5/,
      ],
      [[{ ...OUTPUT, tensorType: 'S32' }], /a known tensorType of output\[0\] .* received S32/],
      [[{ ...INPUT, tensorLayout: undefined }], /a known tensorLayout of input\[0\] .* received undefined/],
      [[{ ...OUTPUT, quantiType: 'LINEAR' }], /a known quantiType/],
    ] as const) {
      await assert.rejects(read(content), (error) => {
        assert.ok(error instanceof ExpectationError);
        assert.match(error.message, what);
        return true;
      });
    }
    await assert.rejects(readModelInfo(join(folder, 'absent.json')), /absent\.json but received ENOENT/);
  });
});
