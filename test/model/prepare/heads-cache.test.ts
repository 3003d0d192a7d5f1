import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { ExpectationError } from '../../../src/base/expect.js';
import { cutModel } from '../../../src/model/prepare/cut.js';
import { modelForm } from '../../../src/model/onnx/model-form.js';
import { cacheFolder } from '../../../src/base/files/cache-folder.js';
import { ensureHeads, runnableModel } from '../../../src/model/prepare/heads-cache.js';
import { stockModel, type StockModelOptions } from '../onnx/stock-model.js';
import { withVariables } from '../../environment.js';
import { temporaryFolder } from '../../temporary-folder.js';

describe('the cache of cut models', () => {
  const folder = temporaryFolder('cache');
  withVariables({ XDG_CACHE_HOME: join(folder, 'cache') });

  it('a stock model is cut once, and again when it changed', () => {
    const stock = join(folder, 'stock.onnx');
    writeFileSync(stock, stockModel());
    const cut = ensureHeads(stock);
    assert.equal(modelForm(cut), 'heads');
    const { mtimeMs } = statSync(cut);
    assert.equal(ensureHeads(stock), cut);
    assert.equal(statSync(cut).mtimeMs, mtimeMs);

    writeFileSync(stock, stockModel({ classes: 5 }));
    utimesSync(stock, 1, 1);
    const other = ensureHeads(stock);
    assert.notEqual(other, cut);
    assert.deepEqual(readdirSync(cacheFolder()).length, 2);
  });

  it('a model that was replaced by another of the same size and time is cut again', () => {
    const stock = join(folder, 'replaced.onnx');
    const place = (label: string): string => {
      const bytes = Buffer.from(stockModel());
      bytes.set(Buffer.from(label), bytes.indexOf('class 1'));
      writeFileSync(stock, bytes);
      utimesSync(stock, 1000, 1000);
      return ensureHeads(stock);
    };
    const first = place('grass 1');
    const second = place('glass 1');
    assert.notEqual(second, first);
    assert.ok(readFileSync(second).includes('glass 1') && !readFileSync(second).includes('grass 1'));
    // And the first, wherever it lies now, is known still.
    assert.equal(place('grass 1'), first);
  });

  it('a model with ten heads is used unchanged', () => {
    const stock = join(folder, 'plain.onnx');
    writeFileSync(stock, stockModel());
    cutModel(stock, stock);
    assert.equal(ensureHeads(stock), stock);
  });

  it('the CPU runs models that select their instances unchanged, except in half precision, and others with their heads', () => {
    const path = join(folder, 'runnable.onnx');
    const runnable = (options: StockModelOptions): string => {
      writeFileSync(path, stockModel(options));
      const { file, note } = runnableModel(path);
      assert.equal(note, undefined);
      if (file !== path) assert.equal(modelForm(file), 'heads');
      return file;
    };
    assert.equal(runnable({ rows: 30, regMax: 1 }), path);
    assert.equal(runnable({ rows: 30, regMax: 1, outputShapes: 'names' }), path);
    assert.notEqual(runnable({ rows: 30, regMax: 1, half: true }), path);
    assert.notEqual(runnable({}), path);
    assert.notEqual(runnable({ half: true }), path);
  });

  it('the CPU runs a stock model that cannot be cut unchanged, and says why', () => {
    const path = join(folder, 'matrix.onnx');
    writeFileSync(path, stockModel({ matrix: true }));
    const { file, note } = runnableModel(path);
    assert.equal(file, path);
    assert.match(note!, /cannot be cut .* runs as it is.* 2 class, 3 box, 3 coefficient convolutions/);
    for (const options of [
      { matrix: true, half: true },
      { quantized: true },
      { matrix: true, prototypes: false },
    ]) {
      writeFileSync(path, stockModel(options));
      assert.throws(() => runnableModel(path), ExpectationError, JSON.stringify(options));
    }
  });

  it('anything but a segmentation model is refused', () => {
    const other = join(folder, 'other.onnx');
    writeFileSync(other, stockModel({ prototypes: false }));
    assert.throws(() => ensureHeads(other), ExpectationError);
  });
});
