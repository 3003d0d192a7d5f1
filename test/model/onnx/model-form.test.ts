import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { cutModel } from '../../../src/model/prepare/cut.js';
import { headRolesOf, modelForm } from '../../../src/model/onnx/model-form.js';
import { temporaryFolder } from '../../temporary-folder.js';
import { stockModel, type StockModelOptions } from './stock-model.js';

const folder = temporaryFolder('model-form');
const file = (name: string): string => join(folder, name);

/** A cut model whose texts are replaced by others of the same length. */
function renamed(options: StockModelOptions, names: Readonly<Record<string, string>>): string {
  writeFileSync(file('stock.onnx'), stockModel(options));
  cutModel(file('stock.onnx'), file('cut.onnx'));
  let text = readFileSync(file('cut.onnx')).toString('latin1');
  for (const [from, to] of Object.entries(names)) {
    assert.equal(from.length, to.length);
    text = text.replaceAll(from, to);
  }
  writeFileSync(file('renamed.onnx'), Buffer.from(text, 'latin1'));
  return file('renamed.onnx');
}

/** Outputs that are called by numbers: nothing is told by name or place. */
const SILENT = {
  ...{ mc8: '300', mc16: '3001', mc32: '3002', box8: '3003', box16: '30031', box32: '30032' },
  ...{ cls8: '3004', cls16: '30041', cls32: '30042', output1: 'output1' },
};

const AMBIGUOUS: Readonly<Record<string, StockModelOptions>> = {
  '32 classes beside 32 coefficients': { classes: 32, coefficients: 32 },
  '64 classes beside 64 box channels': { classes: 64, coefficients: 32 },
  '4 classes beside plain distances': { classes: 4, regMax: 1, coefficients: 32 },
};

describe('heads of a cut ONNX model', () => {
  for (const [name, options] of Object.entries(AMBIGUOUS)) {
    it(`are recognized by their layers: ${name}`, () => {
      const path = renamed({ ...options, names: '' }, SILENT);
      assert.equal(modelForm(path), 'heads');
      const roles = headRolesOf(path);
      assert.deepEqual(
        ['300', '3001', '3003', '30032', '3004', '30042', 'proto'].map((output) => roles.get(output)),
        ['coefficient', 'coefficient', 'box', 'box', 'class', 'class', 'proto'],
      );
    });

    it(`must be given if nothing identifies them: ${name}`, () => {
      const path = renamed(
        { ...options, names: '' },
        { ...SILENT, 'cv2.': 'xx1.', 'cv3.': 'xx2.', 'cv4.': 'xx3.' },
      );
      // Whoever runs it may have the setting heads.
      assert.equal(modelForm(path), 'heads');
      assert.throws(() => headRolesOf(path), /setting heads/);
    });
  }

  it('are decided by the number of class names if that is unique', () => {
    const path = renamed(
      { classes: 4, coefficients: 32, names: "['a', 'b', 'c', 'd']" },
      {
        ...SILENT,
        ...{ 'cv2.': 'xx1.', 'cv3.': 'xx2.', 'cv4.': 'xx3.' },
      },
    );
    assert.equal(headRolesOf(path).get('3004'), 'class');
  });
});
