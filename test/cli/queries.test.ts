import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { floats, modelFile, node, queryModel } from '../engine/tiny-onnx.js';
import { temporaryFolder } from '../temporary-folder.js';
import { cli } from './cli.js';

describe('tros-yolo-seg with a network with queries (RF-DETR)', () => {
  const folder = temporaryFolder('cli-queries');
  const file = (name: string): string => join(folder, name);
  const logits = Array.from({ length: 91 }, (_, id) => (id === 13 ? 4 : -9));
  const masks = [new Float32Array(36).fill(1)];
  const shape = { width: 24, height: 24, boxes: [[0.5, 0.5, 0.5, 0.5]], masks, columns: 6 };
  writeFileSync(file('seg.onnx'), queryModel({ ...shape, logits: [logits] }));
  writeFileSync(
    file('named.onnx'),
    queryModel({ ...shape, logits: [[4, -9]], metadata: { names: "['a', 'b']" } }),
  );
  /** A detector's export: 560 is RF-DETR's own size, and no multiple of 32. */
  const boxesOnly = (size: number): string => {
    const path = file(`boxes-${size}.onnx`);
    const outputs = { dets: [1, 9, 4], labels: [1, 9, 2] };
    const lists = Object.entries(outputs);
    writeFileSync(
      path,
      modelFile({
        inputs: [{ name: 'input', shape: [1, 3, size, size] }],
        outputs: lists.map(([name, shape]) => ({ name, shape })),
        nodes: lists.map(([name]) => node('Identity', [`${name}.values`], name)),
        initializers: lists.map(([name, shape]) =>
          floats(`${name}.values`, shape, new Float32Array(shape.reduce((a, b) => a * b))),
        ),
      }),
    );
    return path;
  };

  it('info prints its kind, how it scales the picture, and the role of each output', async () => {
    const { code, stdout, stderr } = await cli(['info', file('seg.onnx')]);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /segmentation export with queries \(RF-DETR\), for the CPU only; NMS is not needed/);
    assert.match(stdout, /input: float32 \[1, 3, 24, 24\]\n/);
    assert.match(
      stdout,
      /pictures +Pictures are stretched.*ImageNet's mean \(0\.485, 0\.456, 0\.406\) and deviation \(0\.229, 0\.224, 0\.225\).*the file does not say so/,
    );
    assert.match(
      stdout,
      /boxes +one of each query\n +masks +one of each query\n +classes +91, without names/,
    );
    assert.match(
      stdout,
      /dets +float32 \[1, 1, 4\] +box\n.*labels +float32 \[1, 1, 91\] +class\n.*4186 .* mask\n/,
    );
  });

  it('run finds its instances, and says that the class names are assumed', async () => {
    const args = ['run', 'scene:', '--frames', '1', '--size', '200x100', '--json', '-', '--model'];
    const { code, stdout, stderr } = await cli([...args, file('seg.onnx')], folder);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /does not name its 91 classes: the classes are taken for COCO's ids 0 to 90/);
    const { instances } = JSON.parse(stdout.split('\n')[0]!) as {
      instances: { class: string; class_id: number; box: number[] }[];
    };
    assert.equal(instances.length, 1);
    assert.match(JSON.stringify(instances[0]), /"stop sign"/);
    const named = await cli([...args, file('named.onnx')], folder);
    assert.equal(named.code, 0, named.stderr);
    assert.doesNotMatch(named.stderr, /does not name/);
    assert.match(named.stdout, /"a"/);
  });

  it('check opens and measures it', async () => {
    const { code, stdout, stderr } = await cli(['check', file('seg.onnx'), '--frames', '2']);
    assert.equal(code, 0, `${stdout}${stderr}`);
    assert.match(stdout, /24x24, 91 classes, 1 query, each with a box and a mask/);
    assert.match(stdout, /taken for COCO's ids/);
    assert.match(stdout, /1 instance: stop sign 0\.98/);
  });

  it('model cut and model ptq refuse it with the reason', async () => {
    const cut = await cli(['model', 'cut', file('seg.onnx'), '-o', file('cut.onnx')]);
    assert.equal(cut.code, 2);
    assert.match(cut.stderr, /a network with queries \(RF-DETR\).*runs as it is, on the CPU only/);
    const ptq = await cli([
      'model',
      'ptq',
      file('seg.onnx'),
      '--march',
      'bayes-e',
      '--images',
      folder,
      '-o',
      file('p'),
    ]);
    assert.equal(ptq.code, 2);
    assert.match(ptq.stderr, /a network with queries \(RF-DETR\)\. It runs on the CPU only/);
  });

  it('npm run record refuses it, and writes nothing', async () => {
    const { code, stderr } = await cli(['record', file('seg.onnx'), 'scene:', '-o', file('new/seg.bin')]);
    assert.equal(code, 2);
    assert.match(stderr, /sees pictures in a letterbox.*seg\.onnx, which does not.*stretched.*CPU only/s);
    assert.ok(!existsSync(file('new')));
  });

  for (const size of [32, 560]) {
    it(`refuses one of ${size}x${size} that has no masks, and says so`, async () => {
      const model = boxesOnly(size);
      for (const args of [
        ['info', model],
        ['run', 'scene:', '--frames', '1', '--model', model],
        ['model', 'cut', model, '-o', file('cut.onnx')],
      ]) {
        const { code, stderr } = await cli(args, folder);
        assert.equal(code, 2, stderr);
        assert.match(stderr, /It finds boxes and has no masks: export a segmentation model/);
      }
    });
  }
});
