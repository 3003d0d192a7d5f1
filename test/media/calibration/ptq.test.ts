import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import sharp from 'sharp';
import { ExpectationError } from '../../../src/base/expect.js';
import { cutModel } from '../../../src/model/prepare/cut.js';
import { inspectOnnx } from '../../../src/model/onnx/inspect-onnx.js';
import { preparePtq, ptqYaml } from '../../../src/media/calibration/ptq.js';
import { stockModel } from '../../model/onnx/stock-model.js';
import { temporaryFolder } from '../../temporary-folder.js';

const folder = temporaryFolder('ptq');
const file = (name: string): string => join(folder, name);

const images = file('images');
mkdirSync(images);
writeFileSync(file('stock.onnx'), stockModel({ opset: 17 }));
cutModel(file('stock.onnx'), file('rdk.onnx'), { opset: 11 });

async function picture(name: string, red: number, green: number, blue: number): Promise<void> {
  const background = { r: red, g: green, b: blue };
  await sharp({ create: { width: 96, height: 32, channels: 3, background } })
    .png()
    .toFile(join(images, name));
}

describe('preparing the quantization', () => {
  it('writes the yaml and a calibration set of RGB planes from 0 to 255, letterboxed', async () => {
    for (let i = 0; i < 12; i++) await picture(`${i}.png`, 200, 100, 20 * i);
    writeFileSync(join(images, 'broken.jpg'), 'no picture');
    writeFileSync(join(images, 'notes.txt'), 'left alone');
    const steps: number[] = [];
    const report = await preparePtq(file('rdk.onnx'), {
      march: 'bayes-e',
      images,
      output: file('ptq'),
      onPicture: (index) => steps.push(index),
    });
    assert.equal(report.pictures, 12);
    assert.deepEqual(
      report.failed.map(({ name }) => name),
      ['broken.jpg'],
    );
    assert.equal(steps.length, 13);
    assert.equal(report.yaml, 'rdk_bayese_96x64_nv12.yaml');
    assert.deepEqual(readFileSync(join(file('ptq'), 'rdk.onnx')), readFileSync(file('rdk.onnx')));

    const yaml = readFileSync(join(file('ptq'), report.yaml), 'utf8');
    for (const line of [
      "onnx_model: './rdk.onnx'",
      "march: 'bayes-e'",
      "input_name: 'images'",
      "input_type_rt: 'nv12'",
      "input_type_train: 'rgb'",
      "input_layout_train: 'NCHW'",
      "norm_type: 'data_scale'",
      'scale_value: 0.003921568627451',
      "cal_data_dir: './calibration_data_rgb_f32'",
      "cal_data_type: 'float32'",
    ]) {
      assert.ok(yaml.includes(`  ${line}\n`), line);
    }
    const set = join(file('ptq'), 'calibration_data_rgb_f32');
    const names = readdirSync(set).sort();
    assert.equal(names.length, 12);
    const bytes = readFileSync(join(set, names[3]!));
    const planes = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
    assert.equal(planes.length, 3 * 64 * 96);
    // 96x32 in 96x64: 16 rows of gray above and below.
    const center = 32 * 96 + 48;
    for (const [c, value] of [200, 100, 60].entries()) {
      assert.ok(
        Math.abs(planes[c * 64 * 96 + center]! - value) <= 3,
        `channel ${c}: ${planes[c * 64 * 96 + center]!}`,
      );
      assert.equal(planes[c * 64 * 96 + 5], 114);
    }
  });

  it('selects at most the requested number, evenly', async () => {
    const report = await preparePtq(file('rdk.onnx'), {
      march: 'bernoulli2',
      images,
      output: file('few'),
      count: 4,
    });
    assert.equal(report.pictures + report.failed.length, 4);
    const again = await preparePtq(file('rdk.onnx'), {
      march: 'bayes-e',
      images,
      output: file('few'),
      count: 2,
      replace: true,
    });
    assert.equal(readdirSync(join(file('few'), 'calibration_data_rgb_f32')).length, again.pictures);
  });

  it('keeps the softmax of attention on the BPU with 16 bits', () => {
    const summary = { ...inspectOnnx(file('rdk.onnx')), softmaxNodes: ["/model.10/it's/Softmax"] };
    const yaml = ptqYaml('m.onnx', 'm', 'bayes-e', summary);
    assert.match(yaml, /node_info:\n {4}'\/model\.10\/it''s\/Softmax': \{'ON': 'BPU', 'InputType': 'int16'/);
    assert.doesNotMatch(ptqYaml('m.onnx', 'm', 'bayes-e', { ...summary, softmaxNodes: [] }), /node_info/);
  });

  it('refuses stock models, newer opsets and folders without pictures', async () => {
    const options = { march: 'bayes-e', images, output: file('none') } as const;
    await assert.rejects(preparePtq(file('stock.onnx'), options), /model cut/);
    cutModel(file('stock.onnx'), file('rdk17.onnx'));
    await assert.rejects(preparePtq(file('rdk17.onnx'), options), /opset 17/);
    mkdirSync(file('empty'));
    await assert.rejects(
      preparePtq(file('rdk.onnx'), { ...options, images: file('empty') }),
      ExpectationError,
    );
    await assert.rejects(
      preparePtq(file('rdk.onnx'), { ...options, images: file('absent') }),
      ExpectationError,
    );
  });
});
