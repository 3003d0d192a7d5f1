import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { repository } from '../data.js';
import { binFile } from '../model/bin/bin-file.js';
import { stockModel } from '../model/onnx/stock-model.js';
import { temporaryFolder } from '../temporary-folder.js';

const folder = temporaryFolder('model');
const file = (name: string): string => join(folder, name);

function cli(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [join(repository, 'dist/src/cli/main.js'), ...args], {
    encoding: 'utf8',
  });
}

describe('tros-yolo-seg model', () => {
  it('cut writes the heads, lists them and verifies the result', () => {
    writeFileSync(file('stock.onnx'), stockModel({ opset: 17 }));
    const { status, stdout } = cli(
      'model',
      'cut',
      file('stock.onnx'),
      '-o',
      file('rdk.onnx'),
      '--opset',
      '11',
    );
    assert.equal(status, 0);
    assert.match(stdout, /96x64, 3 classes, \d+ of \d+ nodes, opset 11 \(was 17\)/);
    assert.match(stdout, /mc8 +\[1, 8, 12, 4\] +cv4\.0/);
    assert.match(stdout, /The cut is right/);

    const again = cli('model', 'cut', file('rdk.onnx'), '-o', file('again.onnx'));
    assert.equal(again.status, 0);
    assert.match(again.stdout, /ten heads already/);
    assert.ok(!existsSync(file('again.onnx')));
  });

  it('cut accepts an export that selects its instances itself, and mentions NMS', () => {
    writeFileSync(file('instances.onnx'), stockModel({ rows: 30, regMax: 1, opset: 20 }));
    const { status, stdout } = cli(
      'model',
      'cut',
      file('instances.onnx'),
      '-o',
      file('one.onnx'),
      '--opset',
      '11',
    );
    assert.equal(status, 0);
    assert.match(
      stdout,
      /box32 +\[1, 2, 3, 4\] +cv2\.2[^]*NMS removes the few duplicates[^]*The cut is right/,
    );
  });

  it('run accepts an export that selects its instances itself, without NMS or with it', () => {
    writeFileSync(file('instances.onnx'), stockModel({ rows: 30, regMax: 1 }));
    const found = (...options: string[]): number => {
      const input = ['scene:', '--frames', '1', '--size', '96x64', '--score', '0', '--json', '-', '-q'];
      const { stdout, stderr } = cli('run', ...input, '--model', file('instances.onnx'), ...options);
      assert.equal(stderr, '');
      return (JSON.parse(stdout) as { instances: unknown[] }).instances.length;
    };
    const all = found('--iou', '0.01');
    assert.equal(found('--nms', 'never', '--iou', '0.01'), all);
    assert.ok(found('--nms', 'always', '--iou', '0.01') < all);
  });

  it('run says why a model is not cut', () => {
    writeFileSync(file('matrix.onnx'), stockModel({ matrix: true }));
    const { status, stderr } = cli(
      'run',
      'scene:',
      '--frames',
      '1',
      '--size',
      '96x64',
      '-q',
      '--model',
      file('matrix.onnx'),
    );
    assert.equal(status, 0);
    assert.match(stderr, /^tros-yolo-seg: The model cannot be cut into its heads and runs as it is\. /);
  });

  it('cut does not overwrite the stock model, and refuses files that are not models', () => {
    writeFileSync(file('same.onnx'), stockModel());
    assert.match(
      cli('model', 'cut', file('same.onnx'), '-o', file('same.onnx')).stderr,
      /that is not an input but received .*same\.onnx/,
    );
    writeFileSync(file('text.onnx'), 'hello');
    const { status, stderr } = cli('model', 'cut', file('text.onnx'), '-o', file('x.onnx'));
    assert.equal(status, 2);
    assert.match(stderr, /^tros-yolo-seg: Expected .*ONNX/);
    assert.doesNotMatch(stderr, /\n\s+at /);
  });

  it('dequantize prints the command', () => {
    const node = (output: string): string =>
      `2024-08-16 14:32:17 line No: 409 input: "q"\noutput: "${output}"\nname: "/n/${output}"\nop_type: "Dequantize"\n\n`;
    const heads = ['mc8', 'mc16', 'mc32', 'box8', 'box16', 'box32', 'cls8'];
    writeFileSync(file('modifier.log'), heads.map(node).join(''));
    const { status, stdout } = cli('model', 'dequantize', file('modifier.log'), '--bin', 'x.bin');
    assert.equal(status, 0);
    assert.equal(
      stdout,
      `hb_model_modifier x.bin \\\n${heads
        .slice(0, 6)
        .map((name) => `-r "/n/${name}"`)
        .join(' \\\n')}\n`,
    );
    writeFileSync(file('empty.bin'), Buffer.alloc(5000));
    assert.match(cli('model', 'dequantize', file('empty.bin')).stderr, /\.bin model for the BPU/);
    assert.match(cli('model', 'dequantize', file('absent.bin')).stderr, /readable model file/);
    writeFileSync(file('float.onnx'), stockModel());
    for (const options of [[], ['--all', '-o', file('none.bin')]]) {
      const { status: code, stderr } = cli('model', 'dequantize', file('float.onnx'), ...options);
      assert.equal(code, 2);
      assert.match(
        stderr,
        /a \.bin, or the log .* received .*float\.onnx\. An ONNX model has no de-quantize nodes/,
      );
    }
    const log = cli('model', 'dequantize', file('modifier.log'), '-o', file('none.bin'));
    assert.match(log.stderr, /the \.bin itself for --output .*modifier\.log\. .* read as a log/);
  });

  it('dequantize removes the nodes itself, says that the result was never run on a board, and restores them', () => {
    writeFileSync(file('float.bin'), binFile());
    const printed = cli('model', 'dequantize', file('float.bin'));
    assert.match(printed.stdout, /^hb_model_modifier .*float\.bin \\\n-r "302_HzDequantize" \\\n/);
    assert.match(printed.stderr, /-o FILE/);

    const { status, stdout } = cli('model', 'dequantize', file('float.bin'), '-o', file('raw.bin'));
    assert.equal(status, 0);
    assert.match(stdout, /raw\.bin: 6 de-quantize nodes removed\n {2}302_HzDequantize\n/);
    assert.match(stdout, /No board has run/);
    assert.match(stdout, /hb_model_modifier .*float\.bin/);

    const again = cli('model', 'dequantize', file('raw.bin'), '-o', file('again.bin'));
    assert.equal(again.status, 0);
    assert.match(again.stdout, /nothing to remove, nothing was written/);
    assert.match(again.stdout, /removed before:\n {2}302_HzDequantize\n/);
    assert.ok(!existsSync(file('again.bin')));

    const all = cli('model', 'dequantize', file('raw.bin'), '--all', '-o', file('all.bin'));
    assert.match(all.stdout, /4 de-quantize nodes removed/);
    assert.match(cli('model', 'dequantize', file('all.bin'), '--all').stdout, /left: none/);
    const back = cli('model', 'dequantize', file('all.bin'), '--restore', '-o', file('back.bin'));
    assert.match(back.stdout, /10 de-quantize nodes restored/);
  });

  it('dequantize accepts heads and single nodes, and refuses unknown ones', () => {
    writeFileSync(file('some.bin'), binFile());
    const classes = cli('model', 'dequantize', file('some.bin'), '--heads', 'class,proto');
    assert.equal(classes.stdout.match(/-r /g)?.length, 4);
    const one = cli(
      'model',
      'dequantize',
      file('some.bin'),
      '--node',
      '302_HzDequantize',
      '-o',
      file('one.bin'),
    );
    assert.match(one.stdout, /1 de-quantize node removed/);
    const refused: [string[], RegExp][] = [
      [['--heads', 'nose'], /one of coefficient, box, class/],
      [['--node', 'x'], /302_HzDequantize/],
      [['--all', '--restore'], /one of --all/],
      [['--restore'], /-o FILE/],
    ];
    for (const [options, expected] of refused) {
      const { status, stderr } = cli('model', 'dequantize', file('some.bin'), ...options);
      assert.equal(status, 2);
      assert.match(stderr, expected);
    }
    // Half of the pairs would be left.
    const half = cli('model', 'dequantize', file('one.bin'));
    assert.match(half.stderr, /as many de-quantize nodes/);
  });

  it('lists its actions', () => {
    assert.match(cli('model', '--help').stdout, /list .*\n.*get .*\n.*cut .*\n.*dequantize/s);
    assert.match(cli('model', 'paint').stderr, /an action \(list, get, cut, /);
  });
});
