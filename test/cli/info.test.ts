import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { cutModel } from '../../src/model/prepare/cut.js';
import { withBin } from '../../src/model/bin/bin-model.js';
import { removeDequantizeNodes } from '../../src/model/bin/dequantize-bin.js';
import { repository } from '../data.js';
import { binFile } from '../model/bin/bin-file.js';
import { stockModel } from '../model/onnx/stock-model.js';
import { temporaryFolder } from '../temporary-folder.js';

const folder = temporaryFolder('info');
const file = (name: string): string => join(folder, name);

function info(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [join(repository, 'dist/src/cli/main.js'), 'info', ...args], {
    encoding: 'utf8',
  });
}

describe('tros-yolo-seg info', () => {
  it('describes a stock export', () => {
    writeFileSync(file('stock.onnx'), stockModel());
    const { status, stdout } = info(file('stock.onnx'));
    assert.equal(status, 0);
    assert.match(stdout, /stock segmentation export/);
    assert.match(stdout, /input +images: float32 \[1, 3, 64, 96\]/);
    assert.match(stdout, /classes +3: class 0, class 1, class 2/);
    assert.match(stdout, /output +output0 +float32 \[1, 11, 126\]/);
    assert.match(stdout, /imgsz +\[64, 96\]/);
  });

  it('describes an export that selects its instances itself, and one that cannot be cut', () => {
    writeFileSync(file('instances.onnx'), stockModel({ rows: 30, regMax: 1 }));
    const chosen = info(file('instances.onnx'));
    assert.match(chosen.stdout, /selects its instances itself, so NMS is not needed/);
    assert.match(chosen.stdout, /plain distances[^]*classes +3: class 0[^]*output0 +float32 \[1, 30, 10\]/);
    assert.doesNotMatch(chosen.stdout, /cannot be cut/);

    writeFileSync(file('matrix.onnx'), stockModel({ matrix: true, names: '' }));
    const { stdout, status } = info(file('matrix.onnx'));
    assert.equal(status, 0);
    assert.doesNotMatch(stdout, /on the fly|model cut|plain distances/);
    assert.match(
      stdout,
      /segmentation export that decodes its heads itself\n[^]*boxes +decoded by the model[^]*classes +3, without names[^]*cannot be cut and runs as it is\. Expected a class, a box/,
    );
  });

  it('reports names that do not fit the classes', () => {
    writeFileSync(file('names.onnx'), stockModel({ names: "{0: 'cat', 1: 'dog'}" }));
    assert.match(
      info(file('names.onnx')).stdout,
      /classes +3, which the 2 names in the file do not fit: cat, dog\n/,
    );
  });

  it('refuses what run refuses, with the reason', () => {
    for (const [options, reason] of [
      [{ channels: 1 }, /one channel \(grayscale\) and three are needed/],
      [{ quantized: true }, /a quantized one \(QuantizeLinear/],
    ] as const) {
      writeFileSync(file('refused.onnx'), stockModel(options));
      const { stdout, stderr, status } = info(file('refused.onnx'));
      assert.equal(status, 2, stdout);
      assert.match(stderr, reason);
    }
  });

  it('lists the heads of a cut model', () => {
    writeFileSync(file('stock.onnx'), stockModel());
    cutModel(file('stock.onnx'), file('rdk.onnx'));
    const { stdout } = info(file('rdk.onnx'));
    assert.match(stdout, /ten heads/);
    assert.match(stdout, /output +mc8 +float32 \[1, 8, 12, 4\] +coefficient\n/);
    assert.match(stdout, /output +cls32 .* class\n/);
    assert.match(stdout, /16 DFL bins/);
  });

  it('describes a .bin from the file alone, and says what only the board can tell', () => {
    const metadata = { MEAN_VALUE: '1.5,2,3,;', SCALE_VALUE: '0.003921568627451,;' };
    writeFileSync(file('model.bin'), binFile({ metadata }));
    withBin(file('model.bin'), (model) =>
      removeDequantizeNodes(model, ['300_HzDequantize', '302_HzDequantize'], file('model.bin')),
    );
    const { status, stdout } = info(file('model.bin'));
    assert.equal(status, 0);
    assert.match(stdout, /model tiny, read from the file alone/);
    assert.match(stdout, /march +bayes-e \(RDK X5\)\n.*builder +1\.24\.3\n/);
    assert.match(
      stdout,
      /input\[0\]:\n {2}name: images\n.*PYRAMID\n {2}valid shape: \(1,3,64,64\)\n.*NV12\n/,
    );
    assert.match(stdout, /range of the samples: full/);
    assert.match(stdout, /trained with: rgb, mean 1\.5, 2, 3, scale 0\.003921568627451\n/);
    assert.match(
      stdout,
      /output\[2\]: coefficient, stride 8\n {2}name: 302\n {2}valid shape: \(1,8,8,4\)\n {2}tensor type: HB_DNN_TENSOR_TYPE_S32\n {2}quanti type: SCALE\n {2}scale: 0\.001,0\.00104762,.*\n {2}quantizeAxis: 3\n/,
    );
    assert.match(stdout, /name: 303\n.*\n.*F32\n.*NONE\n {2}made float on the CPU by: .*cv2\.1/);
    assert.match(stdout, /nodes left:\n( .*\n){8}nodes that were removed:\n {2}300_HzDequantize\n {2}302/);
    assert.match(stdout, /The decoder can run it: 3 classes, 16 DFL bins, 4 prototypes/);
    assert.match(stdout, /only known on the board:\n {2}hrt_model_exec model_info/);
  });

  it('prints strings of a .bin without control characters', () => {
    writeFileSync(file('model.bin'), binFile({ metadata: { ONNX_MODEL: 'a\u001b[2Jb', CALI_TYPE: 'x\ny' } }));
    const { stdout } = info(file('model.bin'));
    assert.match(stdout, /made of +a\\u001b\[2Jb\n/);
    assert.match(stdout, /calibration +x\\u000ay\n/);
  });

  it('says why the decoder cannot run a .bin', () => {
    writeFileSync(file('model.bin'), binFile({ metadata: { INPUT_SHAPE: '1x3x100x64;' } }));
    const { stdout } = info(file('model.bin'));
    assert.match(stdout, /The decoder cannot run it\. Expected the heads/);
  });

  it('refuses other files in one line', () => {
    writeFileSync(file('other.onnx'), stockModel({ prototypes: false }));
    writeFileSync(file('noise.bin'), Buffer.alloc(1000));
    for (const path of [file('other.onnx'), file('absent.onnx'), folder, file('noise.bin')]) {
      const { status, stderr } = info(path);
      assert.equal(status, 2);
      assert.match(stderr, /^tros-yolo-seg: Expected .*\n$/);
    }
  });
});
