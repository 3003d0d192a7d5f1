import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { type BinModel, withBin } from '../../../src/model/bin/bin-model.js';
import { binHeads, binOutputs } from '../../../src/model/bin/bin-tensors.js';
import {
  pythonFloat,
  readDeleted,
  removeDequantizeNodes,
  restoreDequantizeNodes,
} from '../../../src/model/bin/dequantize-bin.js';
import { sharedData } from '../../data.js';
import { itUnless } from '../../skips.js';
import { temporaryFolder } from '../../temporary-folder.js';
import { binFile, binHeadList, layerOf, scalesOf } from './bin-file.js';

const folder = temporaryFolder('dequantize-bin');
const file = (name: string): string => join(folder, name);

/** Names of the box and coefficient heads' nodes in the file that binFile() makes. */
const USUAL = binHeadList().flatMap((head, i) =>
  head.role === 'box' || head.role === 'coefficient'
    ? [`${i % 2 === 0 ? head.name : layerOf(head, i)}_HzDequantize`]
    : [],
);

/** Every byte of the graph, and the metadata in no order. */
function contents(path: string): { graph: Buffer; metadata: Map<string, string>; others: string[] } {
  return withBin(path, (model) => {
    const { payload } = model.fields.find(({ number }) => number === 5)!;
    const bytes = readFileSync(path);
    return {
      graph: bytes.subarray(payload.start, payload.end),
      metadata: new Map([...model.metadata].sort()),
      others: model.fields
        .filter(({ number }) => number !== 5 && number !== 6)
        .map(({ whole }) => bytes.subarray(whole.start, whole.end).toString('hex')),
    };
  });
}

const edit = <T>(path: string, use: (model: BinModel) => T): T => withBin(path, use);

describe('de-quantize nodes of a .bin', () => {
  it('can be removed, and libdnn gets the scales', () => {
    writeFileSync(file('float.bin'), binFile());
    edit(file('float.bin'), (model) => removeDequantizeNodes(model, USUAL, file('raw.bin')));
    withBin(file('raw.bin'), (model) => {
      assert.deepEqual(
        [...readDeleted(model)],
        USUAL.map((name) => [name, 'Dequantize']),
      );
      assert.equal(model.metadata.get('DELETED_NODES'), USUAL.map((name) => `${name} `).join(''));
      assert.equal(model.nodes.length, 11 - 6);
      for (const [i, { name, type, quantization, dequantizedBy }] of binOutputs(model).entries()) {
        const head = binHeadList()[i]!;
        if (head.role === 'class' || head.role === 'proto') {
          assert.ok(type === 'float32' && dequantizedBy && quantization.kind === 'none', name);
          continue;
        }
        assert.equal(type, 'int32');
        assert.ok(quantization.kind === 'scale' && quantization.axis === 3);
        assert.deepEqual(quantization.scale, scalesOf(head, i));
        // The BPU's own output carries the head's name now, and the inner tensor is gone.
        const bpu = model.nodes.find(({ opType }) => opType === 'BPU')!;
        assert.ok(bpu.outputs.includes(head.name));
        assert.ok(!model.values.has(`${layerOf(head, i)}_quantized`));
        assert.ok(model.initializers.has(`${layerOf(head, i)}_scale`));
      }
      assert.equal(binHeads(model).layout?.classCount, 3);
    });
  });

  it('can be restored and removed again without a difference', () => {
    writeFileSync(file('float.bin'), binFile({ layers: false }));
    for (const names of [[...nodeNames(file('float.bin'))], nodeNames(file('float.bin')).slice(3, 5)]) {
      edit(file('float.bin'), (model) => removeDequantizeNodes(model, names, file('raw.bin')));
      const back = edit(file('raw.bin'), (model) => restoreDequantizeNodes(model, file('back.bin')));
      assert.deepEqual(back, names);
      assert.deepEqual(contents(file('back.bin')).metadata, contents(file('float.bin')).metadata);
      assert.deepEqual(structure(file('back.bin')), structure(file('float.bin')));
      edit(file('back.bin'), (model) => removeDequantizeNodes(model, names, file('again.bin')));
      assert.deepEqual(contents(file('again.bin')), contents(file('raw.bin')));
    }
  });

  it('can be removed in two steps as in one, and in place', () => {
    writeFileSync(file('steps.bin'), binFile());
    edit(file('steps.bin'), (model) => removeDequantizeNodes(model, USUAL, file('one.bin')));
    for (const name of USUAL) {
      edit(file('steps.bin'), (model) => removeDequantizeNodes(model, [name], file('steps.bin')));
    }
    assert.deepEqual(contents(file('steps.bin')), contents(file('one.bin')));
  });

  it('cannot be removed if there are none; no file is left behind', () => {
    writeFileSync(file('float.bin'), binFile());
    assert.throws(
      () => edit(file('float.bin'), (model) => removeDequantizeNodes(model, ['nobody'], file('x.bin'))),
      /300_HzDequantize/,
    );
    assert.throws(
      () => edit(file('float.bin'), (model) => restoreDequantizeNodes(model, file('x.bin'))),
      /record of removed/,
    );
    writeFileSync(file('record.bin'), binFile({ metadata: { DELETED_NODE_INFO: '{"gone": "Dequantize"}' } }));
    assert.throws(
      () => edit(file('record.bin'), (model) => restoreDequantizeNodes(model, file('x.bin'))),
      /none for gone/,
    );
    writeFileSync(file('record.bin'), binFile({ metadata: { DELETED_NODE_INFO: '[1' } }));
    assert.throws(() => edit(file('record.bin'), readDeleted), /JSON object/);
    assert.throws(() => readFileSync(file('x.bin')), /ENOENT/);
  });

  itUnless(
    sharedData.skip,
    'of a real file can be removed and restored, with the same graph and metadata',
    () => {
      const real = sharedData.path('rdk/yolov8n-seg-1class-x5.bin');
      const names = edit(real, (model) => restoreDequantizeNodes(model, file('restored.bin')));
      assert.equal(names.length, 6);
      withBin(file('restored.bin'), (model) => {
        assert.equal(nodeNames(file('restored.bin')).length, 10);
        assert.ok(binOutputs(model).every(({ type, dequantizedBy }) => type === 'float32' && dequantizedBy));
        assert.ok(![...model.metadata.keys()].some((key) => /^(DN_|NODE_\/|DELETED_NODES$)/.test(key)));
      });
      edit(file('restored.bin'), (model) => removeDequantizeNodes(model, names, file('removed.bin')));
      assert.deepEqual(contents(file('removed.bin')), contents(real));
    },
  );
});

describe("numbers of a node's record", () => {
  it('are written as in Python', () => {
    const cases: [number, string][] = [
      [6.369144102791324e-5, '6.369144102791324e-05'],
      [0.0001441522763343528, '0.0001441522763343528'],
      [1e16, '1e+16'],
      [123456789012345680, '1.2345678901234568e+17'],
      [1e15, '1000000000000000.0'],
      [1, '1.0'],
      [0, '0.0'],
      [-0.5, '-0.5'],
      [5e-324, '5e-324'],
      [1e-10, '1e-10'],
      [Infinity, 'inf'],
      [NaN, 'nan'],
    ];
    for (const [value, text] of cases) assert.equal(pythonFloat(value), text);
  });
});

function nodeNames(path: string): string[] {
  return withBin(path, ({ nodes }) =>
    nodes.flatMap(({ name, opType }) => (opType === 'Dequantize' ? [name] : [])),
  );
}

/** The graph without regard to the order of nodes and tensors. */
function structure(path: string): unknown {
  return withBin(path, ({ nodes, inputs, outputs, values }) => ({
    nodes: new Map(
      nodes
        .map(({ name, opType, inputs: from, outputs: to }) => [name, { opType, from, to }])
        .sort() as never,
    ),
    inputs: inputs.map(({ name, elementType, shape }) => ({ name, elementType, shape })),
    outputs: outputs.map(({ name, elementType, shape }) => ({ name, elementType, shape })),
    values: [...values.values()]
      .map(({ name, elementType, shape }) => JSON.stringify([name, elementType, shape]))
      .sort(),
  }));
}
