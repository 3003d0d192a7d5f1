import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { cutModel } from '../../src/model/cut.js';
import { repository } from '../data.js';
import { stockModel } from '../model/stock-model.js';
import { temporaryFolder } from '../temporary-folder.js';

const folder = temporaryFolder('info');
const file = (name: string): string => join(folder, name);

function info(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [join(repository, 'dist/src/cli/main.js'), 'info', ...args], {
    encoding: 'utf8',
  });
}

describe('tros-yolo-seg info', () => {
  it('tells a stock export', () => {
    writeFileSync(file('stock.onnx'), stockModel());
    const { status, stdout } = info(file('stock.onnx'));
    assert.equal(status, 0);
    assert.match(stdout, /stock segmentation export/);
    assert.match(stdout, /input +images: float32 \[1, 3, 64, 96\]/);
    assert.match(stdout, /classes +3: class 0, class 1, class 2/);
    assert.match(stdout, /output +output0 +float32 \[1, 11, 126\]/);
    assert.match(stdout, /imgsz +\[64, 96\]/);
  });

  it('tells the heads of a model that is cut', () => {
    writeFileSync(file('stock.onnx'), stockModel());
    cutModel(file('stock.onnx'), file('rdk.onnx'));
    const { stdout } = info(file('rdk.onnx'));
    assert.match(stdout, /ten heads/);
    assert.match(stdout, /output +mc8 +float32 \[1, 8, 12, 4\] +coefficient\n/);
    assert.match(stdout, /output +cls32 .* class\n/);
    assert.match(stdout, /16 DFL bins/);
  });

  it('says what it cannot tell of a .bin', () => {
    writeFileSync(file('model.bin'), Buffer.alloc(1000));
    const { status, stdout } = info(file('model.bin'));
    assert.equal(status, 0);
    assert.match(stdout, /No de-quantise nodes were recognised/);
    assert.match(stdout, /hrt_model_exec model_info/);
  });

  it('refuses other files in one line', () => {
    writeFileSync(file('other.onnx'), stockModel({ prototypes: false }));
    for (const path of [file('other.onnx'), file('absent.onnx'), folder]) {
      const { status, stderr } = info(path);
      assert.equal(status, 2);
      assert.match(stderr, /^tros-yolo-seg: Expected .*\n$/);
    }
  });
});
