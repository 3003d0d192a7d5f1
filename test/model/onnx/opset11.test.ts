import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { ExpectationError } from '../../../src/base/expect.js';
import { ELEMENT, OnnxModel } from '../../../src/model/onnx/onnx-model.js';
import { EMPTY_TENSOR, intAttribute, intsAttribute, lowerNode } from '../../../src/model/onnx/opset11.js';
import {
  type Chunk,
  integerField,
  messageField,
  textField,
  WireFile,
  writeChunks,
} from '../../../src/model/onnx/wire.js';
import { temporaryFolder } from '../../temporary-folder.js';

const folder = temporaryFolder('opset11');

/** A string attribute. */
function textAttribute(name: string, text: string): Chunk[] {
  return messageField(5, [...textField(1, name), ...textField(4, text), ...integerField(20, 3)]);
}

interface Form {
  readonly inputs: readonly string[];
  /** Each as its number, numbers or text. */
  readonly attributes: Record<string, number | readonly number[] | string>;
}

function nodeField(
  opType: string,
  inputs: readonly string[],
  attributes: readonly Chunk[],
  domain = '',
): Chunk[] {
  return messageField(1, [
    ...inputs.flatMap((name) => textField(1, name)),
    ...textField(2, 'y'),
    ...textField(3, 'the_node'),
    ...textField(4, opType),
    ...attributes,
    ...(domain === '' ? [] : textField(7, domain)),
  ]);
}

/** A model of one node; `axes`, where it is an input, holds [2, 3]. */
function write(file: string, opset: number, node: readonly Chunk[]): void {
  const axes = messageField(5, [
    ...integerField(1, 2),
    ...integerField(2, ELEMENT.int64),
    ...textField(8, 'axes'),
    ...messageField(9, [new Uint8Array(BigInt64Array.of(2n, 3n).buffer)]),
  ]);
  const graph = messageField(7, [...node, ...textField(2, 'graph'), ...axes]);
  writeFileSync(
    file,
    Buffer.concat([
      ...integerField(1, 8),
      ...graph,
      ...messageField(8, integerField(2, opset)),
    ] as Uint8Array[]),
  );
}

/** What a node of this opset is in opset 11. */
function lowered(
  opset: number,
  opType: string,
  inputs: readonly string[],
  attributes: readonly Chunk[] = [],
  domain = '',
): Form {
  const [from, to] = [join(folder, 'from.onnx'), join(folder, 'to.onnx')];
  write(from, opset, nodeField(opType, inputs, attributes, domain));
  const wire = new WireFile(from);
  let form: ReturnType<typeof lowerNode>;
  try {
    const model = new OnnxModel(wire);
    form = lowerNode(model, model.nodes[0]!);
    const graph = messageField(7, [
      ...nodeField(opType, form.inputs, form.attributes, domain),
      ...textField(2, 'graph'),
    ]);
    writeChunks(to, [...integerField(1, 8), ...graph, ...messageField(8, integerField(2, 11))], wire);
  } finally {
    wire.close();
  }
  // Read back, as whoever loads the model does.
  const written = new WireFile(to);
  try {
    const node = new OnnxModel(written).nodes[0]!;
    return {
      inputs: node.inputs,
      attributes: Object.fromEntries(
        [...node.attributes].map(([name, { int, ints, text }]) => [
          name,
          ints.length > 0 ? ints : (int ?? text ?? ''),
        ]),
      ),
    };
  } finally {
    written.close();
  }
}

function refused(pattern: RegExp, ...form: Parameters<typeof lowered>): void {
  assert.throws(
    () => lowered(...form),
    (error) => {
      assert.ok(error instanceof ExpectationError, String(error));
      assert.match(error.message, pattern);
      return true;
    },
  );
}

describe('a node in opset 11', () => {
  it('has its axes as an attribute, whenever they became an input', () => {
    for (const [opType, since] of [
      ['Squeeze', 13],
      ['Unsqueeze', 13],
      ['ReduceSum', 13],
      ['ReduceMean', 18],
      ['ReduceMax', 18],
      ['ReduceL2', 18],
    ] as const) {
      assert.deepEqual(lowered(since, opType, ['x', 'axes'], intAttribute('keepdims', 0)), {
        inputs: ['x'],
        attributes: { keepdims: 0, axes: [2, 3] },
      });
      const before = lowered(since - 1, opType, ['x'], intsAttribute('axes', [1]));
      assert.deepEqual(before, { inputs: ['x'], attributes: { axes: [1] } }, opType);
    }
  });

  it('reduces all axes if none are given, unless noop_with_empty_axes is set', () => {
    assert.deepEqual(lowered(18, 'ReduceMean', ['x'], intAttribute('noop_with_empty_axes', 0)), {
      inputs: ['x'],
      attributes: {},
    });
    refused(
      /ReduceMean the_node with noop_with_empty_axes/,
      18,
      'ReduceMean',
      ['x'],
      intAttribute('noop_with_empty_axes', 1),
    );
  });

  it('is split into the given sizes, or into equal parts', () => {
    assert.deepEqual(lowered(13, 'Split', ['x', 'axes'], intAttribute('axis', 1)), {
      inputs: ['x'],
      attributes: { axis: 1, split: [2, 3] },
    });
    const equal = [...intAttribute('axis', 1), ...intAttribute('num_outputs', 2)];
    assert.deepEqual(lowered(18, 'Split', ['x'], equal), { inputs: ['x'], attributes: { axis: 1 } });
  });

  it('has softmax over the last axis only, where both definitions agree', () => {
    assert.deepEqual(lowered(13, 'Softmax', ['x']).attributes, { axis: -1 });
    assert.deepEqual(lowered(13, 'Softmax', ['x'], intAttribute('axis', 3)).attributes, { axis: 3 });
    // Before 13 it is opset 11's own, whose default is 1.
    assert.deepEqual(lowered(12, 'Softmax', ['x']).attributes, { axis: 1 });
    refused(/Softmax the_node along axis 1, not the last one/, 13, 'Softmax', ['x'], intAttribute('axis', 1));
    refused(/LogSoftmax/, 13, 'LogSoftmax', ['x'], intAttribute('axis', 2));
  });

  it('loses attributes of later opsets that equal the behavior of opset 11', () => {
    for (const [opType, attribute] of [
      ['Reshape', intAttribute('allowzero', 0)],
      ['BatchNormalization', intAttribute('training_mode', 0)],
      ['AveragePool', intsAttribute('dilations', [1, 1])],
      ['Cast', intAttribute('saturate', 1)],
      ['Shape', intAttribute('start', 0)],
      ['Resize', textAttribute('keep_aspect_ratio_policy', 'stretch')],
    ] as const) {
      assert.deepEqual(lowered(20, opType, ['x', 'a', 'b'], attribute).attributes, {}, opType);
    }
    // Exports by dynamo say so everywhere; it means something for a shape with a zero only.
    assert.deepEqual(lowered(20, 'Reshape', ['x', 'axes'], intAttribute('allowzero', 1)).attributes, {});
    for (const [opType, attribute, what] of [
      ['Reshape', intAttribute('allowzero', 1), /with allowzero/],
      ['AveragePool', intsAttribute('dilations', [1, 2]), /with dilations/],
      ['Shape', intAttribute('start', 1), /with start/],
      ['Shape', intAttribute('end', 2), /with end/],
      ['Resize', intAttribute('antialias', 1), /with antialias/],
      ['Resize', intsAttribute('axes', [2, 3]), /with axes/],
      [
        'Resize',
        textAttribute('coordinate_transformation_mode', 'half_pixel_symmetric'),
        /half_pixel_symmetric/,
      ],
      ['Constant', intsAttribute('value_ints', [1]), /without a tensor/],
    ] as const) {
      refused(what, 20, opType, ['x'], attribute);
    }
  });

  it('names the input that opset 11 does not allow to omit', () => {
    assert.deepEqual(lowered(13, 'Resize', ['x', '', 'scales']).inputs, ['x', EMPTY_TENSOR, 'scales']);
    assert.deepEqual(lowered(13, 'Resize', ['x', '', '', 'sizes']).inputs, [
      'x',
      EMPTY_TENSOR,
      EMPTY_TENSOR,
      'sizes',
    ]);
    refused(/Pad the_node with axes/, 18, 'Pad', ['x', 'pads', '', 'axes']);
    assert.deepEqual(lowered(18, 'Pad', ['x', 'pads', 'value']).inputs, ['x', 'pads', 'value']);
  });

  it('keeps operators that are not part of ONNX', () => {
    const own = intAttribute('own', 5);
    assert.deepEqual(lowered(20, 'Swish', ['x', 'y1'], own, 'com.example'), {
      inputs: ['x', 'y1'],
      attributes: { own: 5 },
    });
  });

  it('is refused if opset 11 lacks the operator, or it is unknown', () => {
    refused(
      /operators that opset 11 can express .*GridSample the_node which opset 11 lacks.*opset=11/,
      16,
      'GridSample',
      ['x'],
    );
    refused(/axes or sizes are computed at run time/, 13, 'Squeeze', ['x', 'made']);
    refused(/a model of opset 11 to 23 but received opset 24/, 24, 'Relu', ['x']);
  });
});
