import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { Decoder } from '../../../src/vision/decode/decoder.js';
import { outputRoles } from '../../../src/vision/decode/head-layout.js';
import { type HeadHints, type HeadLayout, recognizeHeads } from '../../../src/vision/decode/heads.js';
import type { DecodeOptions } from '../../../src/vision/decode/options.js';
import { areQueries } from '../../../src/vision/decode/queries.js';
import type { Segmentation } from '../../../src/vision/mask/segmentation.js';
import { Letterbox } from '../../../src/vision/picture/letterbox.js';
import { packedStride, type Tensor, UNQUANTIZED } from '../../../src/vision/tensor/tensor.js';
import { nativeKernels } from '../../../src/native/kernels.js';
import { queryReference, type Reference } from '../../../tools/families/reference.js';

const INPUT = { width: 48, height: 48, fit: 'stretch' } as const;
const QUERIES = 30;
const CLASSES = 91;
const GRID = 12;

/** The same numbers each time, from 0 to 1. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function tensor(name: string, shape: readonly number[], value: (index: number) => number): Tensor {
  const data = Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => value(i));
  return { name, shape, stride: packedStride(shape), type: 'float32', quantization: UNQUANTIZED, data };
}

/** Random queries, two of three sure of a class. */
function queries(classes = CLASSES): [boxes: Tensor, labels: Tensor, masks: Tensor] {
  const next = random(3);
  return [
    tensor('dets', [1, QUERIES, 4], (i) => (i % 4 < 2 ? next() : 0.05 + 0.6 * next())),
    tensor('labels', [1, QUERIES, classes], (i) => 9 * next() - (i % (3 * classes) < classes ? 12 : 8)),
    tensor('4186', [1, QUERIES, GRID, GRID], () => 8 * next() - 4),
  ];
}

function recognize(tensors: readonly Tensor[], hints: HeadHints = {}, input: object = INPUT): HeadLayout {
  return recognizeHeads(tensors, { ...INPUT, ...input }, hints);
}

/** What RF-DETR's own code makes of them, best first, but what has no area on the picture. */
function reference(tensors: readonly Tensor[], width: number, height: number, score: number): Reference[] {
  return queryReference(tensors, width, height).filter(
    (row) => row.score >= score && row.box.x2 > row.box.x1 && row.box.y2 > row.box.y1,
  );
}

describe('a network with queries', () => {
  it('is recognized by the shapes of its outputs, in any order', () => {
    const [boxes, labels, masks] = queries();
    for (const order of [
      [boxes, labels, masks],
      [labels, boxes, masks],
      [masks, boxes, labels],
      [labels, masks, boxes],
    ]) {
      assert.ok(areQueries(order));
      const layout = recognize(order);
      assert.equal(layout.form, 'queries');
      assert.deepEqual([layout.classCount, layout.protoStride, layout.coefficientCount], [CLASSES, 4, 1]);
      assert.deepEqual(
        [...outputRoles(layout)].sort(([a], [b]) => a - b).map(([, { role }]) => role),
        order.map((each) => (each === masks ? 'mask' : each === boxes ? 'box' : 'class')),
      );
    }
  });

  it('is not recognized if shapes do not agree', () => {
    const shapes = (...list: readonly (readonly (number | string)[])[]): boolean =>
      areQueries(list.map((shape) => ({ shape })));
    assert.ok(shapes([1, 9, 4], [1, 9, 2], [1, 9, 5, 5]));
    assert.ok(!shapes([1, 9, 4], [1, 9, 2]));
    assert.ok(!shapes([1, 9, 4], [1, 9, 2], [1, 8, 5, 5]));
    assert.ok(!shapes([1, 9, 5], [1, 9, 2], [1, 9, 5, 5]));
    assert.ok(!shapes([2, 9, 4], [2, 9, 2], [2, 9, 5, 5]));
    assert.ok(!shapes([1, 9, 4], [1, 9, 5, 5], [1, 9, 5, 5]));
    assert.ok(!shapes([1, 'queries', 4], [1, 'queries', 2], [1, 'queries', 5, 5]));
    assert.ok(!areQueries([{}, {}, {}]));
  });

  it('with four classes is recognized by names or by the setting heads, else refused', () => {
    const [boxes, labels, masks] = queries(4);
    const layout = recognize([labels, boxes, masks]);
    assert.deepEqual([layout.levels[0]!.class.output, layout.levels[0]!.box.output], [0, 1]);
    const silent = [boxes, labels, masks].map((each, i) => ({ ...each, name: String(300 + i) }));
    assert.throws(() => recognize(silent, { classCount: 4 }), /four channels each: say which is which/);
    const told = recognize(silent, { roles: ['class', 'box', 'mask'] });
    assert.deepEqual([told.levels[0]!.class.output, told.levels[0]!.box.output], [0, 1]);
    // One name is enough, two that contradict each other are not.
    assert.equal(recognize([silent[0]!, labels, masks]).levels[0]!.box.output, 0);
    assert.throws(() => recognize([boxes, { ...labels, name: 'boxes' }, masks]), /four channels each/);
  });

  it('has masks in the proportions of its input, whatever their ratio', () => {
    const [boxes, labels] = queries();
    // 26 / 23 * 23 is not 26, nor is 30 / 11 * 11 30, in floating point.
    for (const [input, grid] of [
      [26, 23],
      [30, 11],
      [46, 21],
    ] as const) {
      const masks = tensor('4186', [1, QUERIES, grid, grid], () => 1);
      const { protoStride } = recognize([boxes, labels, masks], {}, { width: input, height: input });
      assert.equal(protoStride, input / grid);
    }
    // Of the proportions of the input, but for one row.
    const masks = tensor('4186', [1, QUERIES, 155, 156], () => 1);
    assert.throws(() => recognize([boxes, labels, masks], {}, { width: 624, height: 624 }), /156x155, must/);
  });

  it('is refused if it is inconsistent', () => {
    const [boxes, labels, masks] = queries();
    const all = [boxes, labels, masks];
    assert.throws(
      () => recognize(all, { roles: ['class', 'box', 'mask'] }),
      /heads=class,box,mask does not fit/,
    );
    assert.throws(() => recognize(all, {}, { fit: 'letterbox' }), /stretched to its input.*onnx engine/);
    assert.throws(() => recognize(all, {}, { fit: undefined }), /stretched to its input/);
    assert.throws(() => recognize(all, {}, { height: 64 }), /12x12, must have the proportions of.*48x64/);
    assert.throws(() => recognize(all, {}, { width: 10, height: 10 }), /12x12, must have the proportions/);
    const scale = { kind: 'scale', scale: Float32Array.of(0.1), axis: 0 } as const;
    const integers: Tensor = { ...labels, type: 'int32', quantization: scale, data: new Int32Array(1) };
    assert.throws(() => recognize([boxes, integers, masks]), /Output labels must be float32/);
  });

  const picture = [101, 38] as const;
  const letterbox = new Letterbox(102, 38, INPUT.width, INPUT.height, 'stretch');

  function decode(tensors: readonly Tensor[], options: DecodeOptions, kernels = true): Segmentation {
    const decoder = new Decoder(recognize(tensors), options, kernels ? nativeKernels() : undefined);
    const [width, height] = picture;
    return structuredClone(decoder.decode(tensors, letterbox, { width, height }));
  }

  for (const kernels of [false, true]) {
    it(`is decoded as by RF-DETR's own code, ${kernels ? 'with kernels' : 'in TypeScript'}`, () => {
      const tensors = queries();
      const { instances } = decode(tensors, { score: 0.5 }, kernels);
      // Its input is even, the picture is not: the scale is that of the input.
      const wanted = reference(tensors, 102, 38, 0.5);
      assert.ok(wanted.length > 10 && wanted.length < QUERIES, String(wanted.length));
      assert.deepEqual(
        instances.map(({ classId }) => classId),
        wanted.map(({ classId }) => classId),
      );
      let inside = 0;
      for (const [i, { query, score, box, logit: logitAt }] of wanted.entries()) {
        const found = instances[i]!;
        assert.ok(Math.abs(found.score - score) < 1e-6);
        const sides = [found.box.x1, found.box.y1, found.box.x2, found.box.y2];
        const edge = [box.x1, box.y1, Math.min(picture[0], box.x2), box.y2];
        sides.forEach((side, s) =>
          assert.ok(Math.abs(side - edge[s]!) < 1e-4, `${sides.join()} ${edge.join()}`),
        );
        const { mask } = found;
        for (let y = 0; y < picture[1]; y++) {
          for (let x = 0; x < picture[0]; x++) {
            const within =
              x + 0.5 >= sides[0]! && x + 0.5 < sides[2]! && y + 0.5 >= sides[1]! && y + 0.5 < sides[3]!;
            const logit = logitAt(x, y);
            // Nearer to 0 than rounding, it may be either.
            if (Math.abs(logit) < 1e-5) continue;
            const [column, row] = [x - mask.x, y - mask.y];
            const covered = column >= 0 && row >= 0 && column < mask.width && row < mask.height;
            const shown = covered && mask.data[row * mask.width + column] === 1;
            assert.equal(shown, within && logit > 0, `query ${query} at ${x}, ${y}: ${logit}`);
            if (shown) inside++;
          }
        }
      }
      assert.ok(inside > 1000, String(inside));
    });
  }

  it('needs no NMS, and applies it on request', () => {
    const [boxes, labels, masks] = queries();
    for (let query = 0; query < 2; query++) {
      boxes.data.set([0.5, 0.5, 0.5, 0.5], 4 * query);
      labels.data.fill(-9, query * CLASSES, (query + 1) * CLASSES);
      labels.data[query * CLASSES + 17] = 5;
    }
    const count = (options: DecodeOptions): number =>
      decode([boxes, labels, masks], { classes: [17], score: 0.9, ...options }).instances.length;
    assert.deepEqual([count({}), count({ nms: 'never' }), count({ nms: 'always' })], [2, 2, 1]);
  });

  it('gives each query its own mask, whatever the others contain', () => {
    const [boxes, labels, masks] = queries();
    const before = decode([boxes, labels, masks], { score: 0.5 });
    const [first] = reference([boxes, labels, masks], 102, 38, 0.5);
    for (let query = 0; query < QUERIES; query++) {
      const values = masks.data.subarray(query * GRID * GRID, (query + 1) * GRID * GRID);
      if (query !== first!.query) values.fill(query % 2 === 0 ? NaN : Infinity);
    }
    for (const kernels of [false, true]) {
      const after = decode([boxes, labels, masks], { score: 0.5 }, kernels);
      assert.deepEqual(after.instances[0], before.instances[0]);
      // What is not a number is outside.
      assert.ok(after.instances.slice(1).every(({ mask }) => !mask.data.includes(1)));
    }
  });

  it('has masks on its own grid, or none', () => {
    const { maskWidth, maskHeight, instances } = decode(queries(), { score: 0.5, masks: 'proto' });
    assert.deepEqual([maskWidth, maskHeight], [12, 12]);
    assert.ok(instances.some(({ mask }) => mask.data.includes(1)));
    const bare = decode(queries(), { score: 0.5, masks: 'none' });
    assert.equal(bare.instances.length, instances.length);
    assert.ok(bare.instances.every(({ mask }) => mask.data.length === 0));
  });
});
