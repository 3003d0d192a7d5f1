import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { ExpectationError } from '../../../src/base/expect.js';
import {
  assignRoles,
  modifierCommand,
  nodesOfHeads,
  quote,
  readModifierLog,
} from '../../../src/model/prepare/dequantize.js';

/** A node as hb_model_modifier 1.x writes it (form of the log in D-Robotics' YOLOv8-seg page). */
function entry(conv: string, output: string): string {
  return `2024-08-16 14:32:17,594 file: hb_model_modifier.py func: hb_model_modifier line No: 409 input: "${conv}_output_0_quantized"
input: "${conv}_x_scale"
output: "${output}"
name: "${conv}_output_0_HzDequantize"
op_type: "Dequantize"

`;
}

const page = [
  entry('/model.22/cv4.0/cv4.0.2/Conv', 'output0'),
  entry('/model.22/cv4.1/cv4.1.2/Conv', 'output1'),
  entry('/model.22/cv4.2/cv4.2.2/Conv', '371'),
  entry('/model.22/cv2.0/cv2.0.2/Conv', '379'),
  entry('/model.22/cv2.1/cv2.1.2/Conv', '387'),
  entry('/model.22/cv2.2/cv2.2.2/Conv', '395'),
];
const others = [entry('/model.22/cv3.0/cv3.0.2/Conv', '403'), entry('/model.22/proto/cv3/conv/Conv', '347')];

describe('the log of hb_model_modifier', () => {
  it('yields the six nodes of the box and coefficient heads and their command', () => {
    const log = `2024-08-16 14:32:17,500 INFO log will be stored in hb_model_modifier.log\n${[...page, ...others].join('')}`;
    const nodes = nodesOfHeads(assignRoles(readModifierLog(log, 'log')));
    assert.equal(
      modifierCommand('yolov8n_nv12.bin', nodes),
      [
        'hb_model_modifier yolov8n_nv12.bin',
        '-r "/model.22/cv4.0/cv4.0.2/Conv_output_0_HzDequantize"',
        '-r "/model.22/cv4.1/cv4.1.2/Conv_output_0_HzDequantize"',
        '-r "/model.22/cv4.2/cv4.2.2/Conv_output_0_HzDequantize"',
        '-r "/model.22/cv2.0/cv2.0.2/Conv_output_0_HzDequantize"',
        '-r "/model.22/cv2.1/cv2.1.2/Conv_output_0_HzDequantize"',
        '-r "/model.22/cv2.2/cv2.2.2/Conv_output_0_HzDequantize"',
      ].join(' \\\n'),
    );
  });

  it('is understood with the names given by model cut, with any node names, with CRLF, and twice', () => {
    const heads = ['mc8', 'mc16', 'mc32', 'box8', 'box16', 'box32', 'cls8', 'cls16', 'cls32', 'proto'];
    const log = heads
      .map((name, i) => entry(`conv${i}`, name))
      .join('')
      .replaceAll('\n', '\r\n');
    const nodes = nodesOfHeads(assignRoles(readModifierLog(log + log, 'log')));
    assert.deepEqual(
      nodes.map(({ output }) => output),
      heads.slice(0, 6),
    );
  });

  it('gets the roles from a model if names say nothing', () => {
    const nodes = readModifierLog(page.map((_, i) => entry(`x${i}`, `${i}`)).join(''), 'log');
    assert.throws(() => assignRoles(nodes), /--onnx/);
    const roles = new Map(
      nodes.map(({ output }, i) => [output, i < 3 ? ('box' as const) : ('coefficient' as const)]),
    );
    assert.deepEqual(
      nodesOfHeads(assignRoles(nodes, roles)).map(({ output }) => output),
      ['3', '4', '5', '0', '1', '2'],
    );
  });

  it('skips other operators and truncated entries', () => {
    const cutOff = page[0]!.split('\n').slice(0, 3).join('\n');
    const quantize = entry('/images', 'q').replace('"Dequantize"', '"Quantize"');
    const nodes = readModifierLog(`${cutOff}\n${quantize}${page.join('')}`, 'log');
    assert.equal(nodes.length, 6);
  });

  it('is refused without such nodes, or with too few', () => {
    for (const text of ['', 'no log', page[0]!.slice(0, -20)]) {
      assert.throws(() => readModifierLog(text, 'x.log'), ExpectationError);
    }
    const five = assignRoles(readModifierLog(page.slice(1).join(''), 'log'));
    assert.throws(() => nodesOfHeads(five), /as many de-quantize nodes/);
  });
});

describe('the command of hb_model_modifier', () => {
  it('has words quoted for the shell if necessary', () => {
    assert.equal(quote('a/b-1.bin'), 'a/b-1.bin');
    assert.equal(quote("it's here"), "'it'\\''s here'");
  });
});
