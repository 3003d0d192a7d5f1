import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { walkToHeads } from '../../../src/model/onnx/head-walk.js';
import { withModel } from '../../../src/model/onnx/model-form.js';
import { intAttribute } from '../../../src/model/onnx/opset11.js';
import { integerField, messageField } from '../../../src/model/onnx/wire.js';
import { temporaryFolder } from '../../temporary-folder.js';
import { GraphBuilder } from './graph-builder.js';

describe('the search from the detections back to the heads', () => {
  const folder = temporaryFolder('head-walk');
  const channels = 64;

  /** Walks a graph from its value `end`; the convolution is `conv`. */
  function walk(build: (graph: GraphBuilder) => string): ReturnType<typeof walkToHeads> {
    const graph = new GraphBuilder(17);
    graph.conv('images', 'conv', 3, channels);
    const end = build(graph);
    const fields = [
      ...graph.nodes.flat(),
      ...graph.initializers,
      ...graph.value(11, 'images', [1, 3, 8, 8]),
      ...graph.value(12, end, undefined),
    ];
    const path = join(folder, 'walk.onnx');
    const model = [
      ...integerField(1, 8),
      ...messageField(8, integerField(2, 17)),
      ...messageField(7, fields),
    ];
    writeFileSync(path, Buffer.concat(model as Uint8Array[]));
    return withModel(path, (read) => walkToHeads(read, end));
  }

  function slice(graph: GraphBuilder, from: string, to: string, start: number): string {
    const [starts, ends, axes] = [
      graph.integers(`${to}.starts`, [start]),
      graph.integers(`${to}.ends`, [channels]),
      graph.integers(`${to}.axes`, [1]),
    ];
    return graph.add('Slice', [from, starts, ends, axes], to);
  }

  it('gives up if each node doubles the number of paths', () => {
    assert.throws(
      () =>
        walk((graph) => {
          let last = 'conv';
          for (let i = 0; i < 17; i++) {
            const part = slice(graph, last, `part.${i}`, 2 ** i);
            last = graph.add('Add', [last, part], `sum.${i}`);
          }
          return last;
        }),
      /^ExpectationError: Expected detections that are a few steps behind .* but received more than 64 ways .*stock segmentation export/,
    );
  });

  it('counts the channels of doubled lists once', () => {
    const found = walk((graph) => {
      let last = 'conv';
      for (let i = 0; i < 60; i++) last = graph.concat([last, last], `twice.${i}`, 1);
      return slice(graph, last, 'end', 1);
    });
    assert.deepEqual(
      found.coefficient.map(({ outputs }) => outputs),
      [['conv']],
    );
  });

  it('follows chains of any length', () => {
    const found = walk((graph) => {
      let last = 'conv';
      for (let i = 0; i < 20_000; i++) last = graph.add('Identity', [last], `same.${i}`);
      return slice(graph, graph.add('Concat', [last, last], 'both', intAttribute('axis', 1)), 'end', 1);
    });
    assert.deepEqual(
      found.coefficient.map(({ outputs }) => outputs),
      [['conv']],
    );
  });
});
