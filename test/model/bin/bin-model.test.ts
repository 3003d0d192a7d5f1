import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { ExpectationError } from '../../../src/base/expect.js';
import { BinModel, withBin } from '../../../src/model/bin/bin-model.js';
import { binHeads, binInput, binOutputs } from '../../../src/model/bin/bin-tensors.js';
import { integerField, messageField, textField, WireFile } from '../../../src/model/onnx/wire.js';
import { sharedData } from '../../data.js';
import { itUnless } from '../../skips.js';
import { temporaryFolder } from '../../temporary-folder.js';
import { stockModel } from '../onnx/stock-model.js';
import { binFile, binHeadList, type BinFileOptions } from './bin-file.js';

const folder = temporaryFolder('bin-model');
const path = join(folder, 'model.bin');

function written(bytes: Uint8Array): string {
  writeFileSync(path, bytes);
  return path;
}

function withModel<T>(options: BinFileOptions, use: (model: BinModel) => T): T {
  return withBin(written(binFile(options)), use);
}

const join8 = (...parts: Uint8Array[]): Uint8Array => Buffer.concat(parts);

describe('a .bin model', () => {
  it('gives its input, outputs, nodes and metadata', () => {
    withModel({}, (model) => {
      assert.equal(model.name, 'tiny');
      assert.deepEqual(model.program, { kind: 'B2E', bytes: 500 });
      assert.equal(model.nodes.length, 11);
      const input = binInput(model);
      assert.deepEqual(
        [input.name, input.shape, input.typeName, input.range, input.source],
        ['images', [1, 3, 64, 64], 'HB_DNN_IMG_TYPE_NV12', 'full', 'pyramid'],
      );
      const outputs = binOutputs(model);
      assert.deepEqual(
        outputs.map(({ name, shape, type }) => ({ name, shape, type })),
        binHeadList().map(({ name, shape }) => ({ name, shape, type: 'float32' })),
      );
      assert.equal(outputs[0]!.dequantizedBy?.name, '300_HzDequantize');
      const { layout, roles } = binHeads(model);
      assert.deepEqual([layout?.classCount, layout?.regMax, layout?.coefficientCount], [3, 16, 4]);
      assert.deepEqual(
        [...roles].sort(([a], [b]) => a - b).map(([, role]) => role),
        binHeadList().map(({ role }) => role),
      );
    });
  });

  it('recognizes heads of equal channel counts by the layers inside', () => {
    for (const options of [
      { classes: 64, coefficients: 32 },
      { classes: 32, coefficients: 32 },
      { classes: 4, regMax: 1 },
    ]) {
      const roles = withModel(options, (model) => binHeads(model).roles);
      assert.deepEqual(
        binHeadList(options).map((_, i) => roles.get(i)),
        binHeadList(options).map(({ role }) => role),
        JSON.stringify(options),
      );
    }
  });

  it('reads limited range, NHWC training and images that are not NV12', () => {
    const metadata = {
      INPUT_SPACE_AND_RANGE: 'bt601_video;',
      INPUT_SHAPE: '1x64x64x3;',
      INPUT_LAYOUT_TRAIN: 'NHWC;',
      INPUT_TYPE_RT: 'yuv444;',
    };
    const input = withModel({ metadata }, binInput);
    assert.deepEqual(
      [input.shape, input.range, input.typeName],
      [[1, 3, 64, 64], 'limited', 'HB_DNN_IMG_TYPE_YUV444'],
    );
    assert.equal(withModel({ metadata: { INPUT_SPACE_AND_RANGE: '' } }, binInput).range, undefined);
  });

  it('does not read its program into memory', () => {
    // A sparse program of a gigabyte: the file claims it, nobody reads it.
    const bytes = binFile({ program: 1 << 20 });
    const file = new WireFile(written(bytes));
    let most = 0;
    const read = file.bytes.bind(file);
    file.bytes = (span) => {
      most = Math.max(most, span.end - span.start);
      return read(span);
    };
    new BinModel(file);
    file.close();
    assert.ok(most < 5000, `${most} bytes at once`);
  });

  it('is refused if it is another kind of file', () => {
    const graph = (...fields: Uint8Array[]): Uint8Array =>
      join8(...(messageField(5, fields) as Uint8Array[]));
    const whole = binFile();
    const cases: [string, Uint8Array, RegExp][] = [
      ['empty', new Uint8Array(0), /empty/],
      ['text', Buffer.from('hello'), /\.bin model/],
      ['zeros', new Uint8Array(5000), /field number 0/],
      ['an ONNX model', stockModel(), /with no graph/],
      ['a recording', Buffer.from('TYSEMU1\n1234'), /recording for the emulated/],
      ['cut off', whole.subarray(0, whole.length - 40), /too long/],
      ['two graphs', join8(whole, whole), /two lists|graphs/],
      ['an empty graph', graph(), /0 nodes/],
      [
        'a graph of numbers',
        join8(...(messageField(5, integerField(1, 7)) as Uint8Array[])),
        /an invalid graph/,
      ],
      [
        'a name that is not UTF-8',
        graph(...(messageField(2, [Uint8Array.of(0xff, 0xfe)]) as Uint8Array[])),
        /UTF-8/,
      ],
      [
        'a shape without end',
        graph(
          ...(messageField(4, [
            ...textField(1, 'images'),
            ...messageField(2, [...integerField(1, 3), ...messageField(2, [new Uint8Array(1000)])]),
          ]) as Uint8Array[]),
        ),
        /shape/,
      ],
      [
        'a negative extent',
        graph(
          ...(messageField(4, [
            ...textField(1, 'images'),
            ...messageField(2, [...integerField(1, 3), ...integerField(2, -5)]),
          ]) as Uint8Array[]),
        ),
        /\[-5\]/,
      ],
    ];
    for (const [name, bytes, expected] of cases) {
      assert.throws(
        () => withBin(written(bytes), () => undefined),
        (error) => error instanceof ExpectationError && expected.test(error.message),
        name,
      );
    }
    assert.throws(() => withBin(join(folder, 'absent.bin'), () => undefined), ExpectationError);
    assert.throws(() => withBin(folder, () => undefined), ExpectationError);
  });

  it('is refused if it claims more than any model has', () => {
    const node = Buffer.concat(messageField(1, textField(3, 'n')) as Uint8Array[]);
    const nodes = Buffer.concat(Array.from({ length: 10_001 }, () => node));
    const bytes = Buffer.concat(messageField(5, [nodes]) as Uint8Array[]);
    assert.throws(() => withBin(written(bytes), () => undefined), /more than 10000 nodes/);
    const entry = Buffer.concat(
      messageField(1, [
        ...textField(1, 'k'),
        ...messageField(2, [Buffer.alloc(1 << 20, 0x61)]),
      ]) as Uint8Array[],
    );
    const entries = Buffer.concat(
      messageField(
        6,
        Array.from({ length: 40 }, () => entry),
      ) as Uint8Array[],
    );
    assert.throws(() => withBin(written(entries), () => undefined), /more names than any model/);
  });

  itUnless(sharedData.skip, 'is read from a real file of RDK X5', () => {
    withBin(sharedData.path('rdk/yolov8n-seg-1class-x5.bin'), (model) => {
      assert.equal(model.name, 'yolov8n_instance_seg_bayese_640x640_nv12');
      assert.deepEqual(model.program, { kind: 'B2E', bytes: 3_932_160 });
      assert.equal(model.metadata.size, 83);
      const outputs = binOutputs(model);
      assert.deepEqual(
        outputs.map(({ type }) => type),
        ['int32', 'float32', 'int32', 'int32', 'float32', 'int32', 'int32', 'float32', 'int32', 'float32'],
      );
      const { quantization } = outputs[2]!;
      assert.ok(quantization.kind === 'scale' && quantization.scale.length === 32 && quantization.axis === 3);
      assert.equal(quantization.scale[0], Math.fround(6.369144102791324e-5));
      const { layout, roles } = binHeads(model);
      assert.deepEqual([layout?.classCount, layout?.regMax, layout?.coefficientCount], [1, 16, 32]);
      assert.deepEqual(
        [0, 1, 2, 9].map((i) => roles.get(i)),
        ['box', 'class', 'coefficient', 'proto'],
      );
    });
  });
});
