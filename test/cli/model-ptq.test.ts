import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'mocha';
import sharp from 'sharp';
import { cutModel } from '../../src/model/prepare/cut.js';
import { stockModel } from '../model/onnx/stock-model.js';
import { temporaryFolder } from '../temporary-folder.js';
import { cli } from './cli.js';

describe('tros-yolo-seg model ptq', () => {
  const folder = temporaryFolder('model-ptq');
  const images = join(folder, 'images');
  before(async () => {
    writeFileSync(join(folder, 'stock.onnx'), stockModel({ opset: 17 }));
    cutModel(join(folder, 'stock.onnx'), join(folder, 'rdk.onnx'), { opset: 11 });
    mkdirSync(images);
    for (const name of ['a.png', 'b.png', 'c.png']) {
      await sharp({ create: { width: 96, height: 64, channels: 3, background: '#804020' } })
        .png()
        .toFile(join(images, name));
    }
  });

  const ptq = (...args: string[]): ReturnType<typeof cli> =>
    cli(['model', 'ptq', 'rdk.onnx', '--march', 'bayes-e', '--images', 'images', ...args], folder);

  it('fills a folder and prints the commands to run in it', async () => {
    const { code, stdout, stderr } = await ptq('-o', 'out', '--count', '2');
    assert.equal(code, 0, stderr);
    const yaml = readdirSync(join(folder, 'out')).find((name) => name.endsWith('.yaml'))!;
    assert.ok(
      stdout.startsWith(`${join(folder, 'out')} holds rdk.onnx, ${yaml} and 2 calibration pictures.`),
    );
    assert.ok(
      stdout.includes('hb_mapper checker --model-type onnx --march bayes-e --model rdk.onnx\n'),
      stdout,
    );
    assert.ok(stdout.includes(`hb_mapper makertbin --model-type onnx --config ${yaml}\n`), stdout);
    assert.match(stdout, /hb_model_modifier (\S+\.bin)\n.*dequantize hb_model_modifier\.log --bin \1\n/);
    assert.match(stderr, /Only 2 pictures: 20 to 100 give better ranges/);
  });

  it('names pictures that it left out, and exits with 1', async () => {
    writeFileSync(join(images, 'd.jpg'), 'no picture');
    const { code, stdout, stderr } = await ptq('-o', 'without');
    assert.equal(code, 1);
    assert.match(stderr, /^skipped d\.jpg: Expected .*/m);
    assert.match(stdout, /and 3 calibration pictures/);
  });

  it('adds to an existing folder, and replaces its own files only on request', async () => {
    mkdirSync(join(folder, 'full'));
    writeFileSync(join(folder, 'full', 'note.txt'), 'mine');
    const first = await ptq('-o', 'full', '--count', '1');
    assert.ok(first.code !== 2, first.stderr);
    const again = await ptq('-o', 'full', '--count', '1');
    assert.equal(again.code, 2);
    assert.match(again.stderr, /^tros-yolo-seg: Expected [^\n]*--force[^\n]*\n$/m);
    const forced = await ptq('-o', 'full', '--count', '1', '--force');
    assert.equal(forced.code, first.code, forced.stderr);
    assert.equal(readFileSync(join(folder, 'full', 'note.txt'), 'utf8'), 'mine');
  });

  it('leaves nothing behind if the model is not for the mapper', async () => {
    const args = ['model', 'ptq', 'stock.onnx', '--march', 'bayes-e', '--images', 'images', '-o', 'none'];
    const { code, stderr } = await cli(args, folder);
    assert.equal(code, 2);
    assert.match(stderr, /model cut/);
    assert.ok(!existsSync(join(folder, 'none')));
  });
});
