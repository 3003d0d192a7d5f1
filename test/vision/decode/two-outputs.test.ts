import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { Decoder } from '../../../src/vision/decode/decoder.js';
import { type HeadHints, type HeadRole, recognizeHeads } from '../../../src/vision/decode/heads.js';
import type { DecodeOptions } from '../../../src/vision/decode/options.js';
import type { Segmentation } from '../../../src/vision/mask/segmentation.js';
import {
  packedStride,
  type Tensor,
  type TensorInfo,
  UNQUANTIZED,
} from '../../../src/vision/tensor/tensor.js';
import { Letterbox } from '../../../src/vision/picture/letterbox.js';
import { type RecognizedModel, recognizeModel } from '../../../src/pipeline/recognize-model.js';
import { maskIou } from './recorded.js';
import { encodeHeads, type RealHead, store, type SyntheticObject } from './synthetic.js';
import { chooseInstances, decodeCells, type ListStorage, storeList } from './two-outputs.js';

const SIZE = { width: 256, height: 192 };
const CLASSES = 5;
const LETTERBOX = new Letterbox(640, 480, SIZE.width, SIZE.height);

const oval =
  (x: number, y: number, w: number, h: number): SyntheticObject['mask'] =>
  (px, py) =>
    4 - 8 * Math.hypot((px - x) / w, (py - y) / h);

function object(classId: number, logit: number, x: number, y: number, w: number, h: number): SyntheticObject {
  return { classId, logit, box: [x - w / 2, y - h / 2, x + w / 2, y + h / 2], mask: oval(x, y, w, h) };
}

/** The second overlaps the first, of the same class, by 0.79. */
const OBJECTS = [
  object(2, 3, 60, 60, 50, 40),
  object(2, 1, 64, 62, 50, 40),
  object(0, 2.5, 150, 100, 90, 60),
  object(4, 0.2, 200, 30, 24, 30),
  object(1, 1.5, 100, 150, 160, 70),
];

const heads = (regMax = 16, objects = OBJECTS): RealHead[] =>
  encodeHeads(objects, { ...SIZE, classCount: CLASSES, coefficients: 8, regMax });

function decode(
  tensors: readonly Tensor[],
  options: DecodeOptions = {},
  hints: HeadHints = {},
): Segmentation {
  const layout = recognizeHeads(tensors, SIZE, { classCount: CLASSES, ...hints });
  return new Decoder(layout, options).decode(tensors, LETTERBOX);
}

const ROLES: HeadRole[] = ['coefficient', 'box', 'class'].flatMap((role) =>
  Array<HeadRole>(3).fill(role as HeadRole),
);
const fromHeads = (real: RealHead[], options?: DecodeOptions): Segmentation =>
  structuredClone(
    decode(
      real.map((head) => store(head)),
      options,
      { roles: [...ROLES, 'proto'] },
    ),
  );

const proto = (real: RealHead[], layout: 'NCHW' | 'NHWC' = 'NCHW'): Tensor =>
  store(real.at(-1)!, { layout }, 'output1');

function assertAlike(
  found: Segmentation,
  wanted: Segmentation,
  tolerance = { score: 1e-5, box: 0.01, mask: 0.995 },
): void {
  assert.deepEqual(
    found.instances.map(({ classId }) => classId),
    wanted.instances.map(({ classId }) => classId),
  );
  for (const [i, { score, box, mask }] of found.instances.entries()) {
    const other = wanted.instances[i]!;
    assert.ok(Math.abs(score - other.score) <= tolerance.score, `score ${score}, ${other.score}`);
    for (const side of ['x1', 'y1', 'x2', 'y2'] as const) {
      assert.ok(
        Math.abs(box[side] - other.box[side]) <= tolerance.box,
        `${side} ${box[side]}, ${other.box[side]}`,
      );
    }
    assert.ok(maskIou(mask, other.mask) >= tolerance.mask, `mask ${i}: ${maskIou(mask, other.mask)}`);
  }
}

describe('a model with two outputs that decodes its cells itself', () => {
  const real = heads();
  const { rows } = decodeCells(real);
  const wanted = fromHeads(real);

  it('contains objects', () => {
    assert.deepEqual(
      wanted.instances.map(({ classId }) => classId),
      [2, 0, 1, 4],
    );
    assert.ok(wanted.instances.every(({ mask }) => mask.data.some((cell) => cell === 1)));
  });

  const layouts: Record<string, [ListStorage, ('NCHW' | 'NHWC')?]> = {
    'as a stock export': [{ shape: 'CN' }],
    'as TROS has it, padded': [{ shape: 'CN1', pad: 8 }],
    'with the extent of one first': [{ shape: '1CN' }],
    'channels last': [{ shape: 'NC' }, 'NHWC'],
    'channels last, padded': [{ shape: '1NC', pad: 3 }, 'NHWC'],
    'channels last, as a grid of one column': [{ shape: 'N1C' }, 'NHWC'],
    'channels last beside prototypes channels first': [{ shape: 'NC' }],
  };
  for (const [name, [storage, layout]] of Object.entries(layouts)) {
    it(`gives the same as its heads: ${name}`, () => {
      const tensors = [storeList(rows, storage), proto(real, layout)];
      assert.equal(recognizeHeads(tensors, SIZE).form, 'detections');
      assert.equal(recognizeHeads(tensors, SIZE).classCount, CLASSES);
      assertAlike(decode(tensors), wanted);
      assertAlike(decode([...tensors].reverse()), wanted);
    });
  }

  it('gives the same as heads without DFL', () => {
    const plain = heads(1);
    assertAlike(
      decode([storeList(decodeCells(plain).rows, { shape: 'CN' }), proto(plain)]),
      fromHeads(plain),
    );
  });

  it('gives the same within the steps of integers', () => {
    const within = { score: 0.01, box: 0.1, mask: 0.98 };
    const cases: [ListStorage, typeof within][] = [
      [{ shape: 'CN1', type: 'int16' }, within],
      [
        { shape: 'CN1', type: 'int16', scales: 'channel' },
        { ...within, score: 1e-3 },
      ],
      [
        { shape: 'NC', type: 'int16', scales: 'channel' },
        { ...within, score: 1e-3 },
      ],
      [
        { shape: 'CN', type: 'int32', scales: 'channel', pad: 4 },
        { ...within, score: 1e-5 },
      ],
    ];
    for (const [storage, tolerance] of cases) {
      assertAlike(decode([storeList(rows, storage), proto(real)], {}), wanted, tolerance);
    }
  });

  it('accepts the same options', () => {
    const tensors = [storeList(rows, { shape: 'CN' }), proto(real)];
    const cases: DecodeOptions[] = [
      ...[{ score: 0.6 }, { score: 0.9 }, { classes: [0, 4] }, { classes: [] }, { score: 1 }],
      ...([
        { score: 0.9, classScores: { 4: 0.5 } },
        { iou: 0.85 },
        { nms: 'never' },
        { maxDetections: 2 },
      ] as const),
      ...([{ masks: 'none' }, { masks: 'proto' }] as const),
    ];
    for (const options of cases) {
      const mask = options.masks === 'none' ? -1 : 0.99;
      assertAlike(decode(tensors, options), fromHeads(real, options), { score: 1e-5, box: 0.01, mask });
    }
    assert.equal(decode(tensors, { nms: 'never' }).instances.length, OBJECTS.length);
  });

  it('gives a cell its best class, the first of equal ones, in every frame', () => {
    const layout = recognizeHeads([storeList(rows, { shape: 'CN' }), proto(real)], SIZE);
    const decoder = new Decoder(layout, { score: 0.3, masks: 'none' });
    const found = (change: (row: Float32Array, cell: number) => void): [number, number][] => {
      const changed = rows.map((row, cell) => {
        const copy = row.slice();
        copy.fill(0, 4, 4 + CLASSES);
        copy.set([100, 100, 20, 20]);
        change(copy, cell);
        return copy;
      });
      const { instances } = decoder.decode([storeList(changed, { shape: 'CN' }), proto(real)], LETTERBOX);
      return instances.map(({ classId, score }) => [classId, Math.round(1000 * score)]);
    };
    const set = (cell: number, scores: number[]) => (row: Float32Array, at: number) => {
      if (at === cell) row.set(scores, 4);
    };
    assert.deepEqual(found(set(31, [0, 0.5, 0.9, 0.9, 0.7])), [[2, 900]]);
    assert.deepEqual(found(set(31, [0, 0.6, 0, 0, 0])), [[1, 600]]);
    assert.deepEqual(found(set(32, [0.31, 0, 0, 0, 0.29])), [[0, 310]]);
    assert.deepEqual(found(set(32, [0.29, 0, 0, 0, 0.2])), []);
    assert.deepEqual(found(set(999, [NaN, NaN, 0.4, NaN, 0.3])), [[2, 400]]);
    assert.deepEqual(found(set(999, [0.4, Infinity, 0.4, 0, 0])), []);
    assert.deepEqual(
      found(() => undefined),
      [],
    );
  });

  it('survives NaN and infinities anywhere', () => {
    for (const poison of [NaN, Infinity, -Infinity]) {
      for (const part of [
        [0, 4],
        [4, 9],
        [9, 17],
      ] as const) {
        const spoilt = rows.map((row) => row.slice().fill(poison, ...part));
        assert.equal(
          decode([storeList(spoilt, { shape: 'CN' }), proto(real)]).instances.length,
          0,
          `${poison} ${part.join()}`,
        );
      }
    }
  });

  it('refuses tensors that are shorter than described', () => {
    const tensors = [storeList(rows, { shape: 'CN' }), proto(real)];
    const layout = recognizeHeads(tensors, SIZE);
    const short = { ...tensors[0]!, data: tensors[0]!.data.subarray(0, 4000) };
    assert.throws(
      () => new Decoder(layout).decode([short, tensors[1]!], LETTERBOX),
      /elements in output output0/,
    );
  });
});

describe('a model with two outputs that selects its instances itself', () => {
  const real = heads();
  const decoded = decodeCells(real);
  const rows = chooseInstances(decoded, 30);
  const tensors = (shape: ListStorage['shape'], list = rows): Tensor[] => [
    storeList(list, { shape }),
    proto(real),
  ];

  it('gives the same as its heads without NMS', () => {
    const wanted = fromHeads(real, { nms: 'never' });
    assert.equal(wanted.instances.length, OBJECTS.length);
    for (const shape of ['NC', '1NC', 'N1C'] as const) {
      assert.equal(recognizeHeads(tensors(shape), SIZE, { classCount: CLASSES }).form, 'instances');
      assertAlike(decode(tensors(shape)), wanted);
      assertAlike(decode(tensors(shape).reverse()), wanted);
    }
  });

  it('goes through NMS on request', () => {
    assertAlike(decode(tensors('NC'), { nms: 'always' }), fromHeads(real));
    assertAlike(decode(tensors('NC'), { nms: 'always', iou: 0.85 }), fromHeads(real, { iou: 0.85 }));
    assertAlike(decode(tensors('NC'), { nms: 'auto', iou: 0.1 }), fromHeads(real, { nms: 'never' }));
  });

  it('respects thresholds, classes and limits', () => {
    for (const options of [
      { score: 0.6 },
      { classes: [0, 4] },
      { score: 0.9, classScores: { 4: 0.5 } },
      { maxDetections: 2 },
    ]) {
      assertAlike(decode(tensors('NC'), options), fromHeads(real, { ...options, nms: 'never' }));
    }
  });

  it('leaves out unknown classes and NaN', () => {
    for (const classId of [-1, CLASSES, NaN, Infinity, 1e9]) {
      const changed = rows.map((row, i) =>
        i === 0 ? Float32Array.from(row, (value, c) => (c === 5 ? classId : value)) : row,
      );
      assert.equal(decode(tensors('NC', changed)).instances.length, OBJECTS.length - 1, String(classId));
    }
    const warnings: string[] = [];
    const layout = recognizeHeads(tensors('NC'), SIZE, { classCount: CLASSES - 1 });
    const decoder = new Decoder(layout);
    decoder.onWarning = (text) => warnings.push(text);
    const certain = OBJECTS.filter(({ classId }) => classId < CLASSES - 1).length;
    for (const frames of [1, 2]) {
      assert.equal(decoder.decode(tensors('NC'), LETTERBOX).instances.length, certain);
      assert.equal(decoder.unknownClasses, frames * (OBJECTS.length - certain));
    }
    assert.equal(warnings.length, 1, 'once');
    assert.match(
      warnings[0]!,
      /^The model finds class 4, but knows 4 classes by name, from 0 to 3: .*\(labels\)/,
    );
    for (const score of [NaN, Infinity, -Infinity]) {
      const changed = rows.map((row, i) =>
        i === 0 ? Float32Array.from(row, (value, c) => (c === 4 ? score : value)) : row,
      );
      assert.equal(decode(tensors('NC', changed)).instances.length, OBJECTS.length - 1, String(score));
    }
  });
});

describe('two outputs whose integers share one scale', () => {
  const planes: TensorInfo = {
    ...{ name: 'output1', shape: [1, 32, 160, 160], stride: packedStride([1, 32, 160, 160]) },
    ...{ type: 'float32', quantization: UNQUANTIZED },
  };
  const full = { width: 640, height: 640 };
  const recognized = (shape: number[], scale: number[], axis: number): RecognizedModel =>
    recognizeModel({
      ...{ file: 'whole.bin', input: full, classCount: 80, metadata: {} },
      outputs: [
        {
          ...{ name: 'output0', shape, stride: packedStride(shape), type: 'int8' },
          quantization: { kind: 'scale', scale: Float32Array.from(scale), axis },
        },
        planes,
      ],
    });
  const channels = (score: number, classes: number): number[] => [
    5,
    5,
    5,
    5,
    score,
    classes,
    ...Array<number>(32).fill(1),
  ];

  it('cause a warning if scores are lost', () => {
    const { warnings } = recognized([1, 116, 8400], [640 / 127], 1);
    assert.match(warnings.join(), /^Scores of output output0 come in steps of 5: it is int8 .*Compile/);
    assert.deepEqual(recognized([1, 116, 8400], [640 / 32767], 1).warnings, []);
    assert.match(recognized([1, 300, 38], [0.5], 2).warnings.join(), /steps of 0\.5/);
    assert.match(recognized([1, 300, 38], channels(0.1, 1), 2).warnings.join(), /steps of 0\.1/);
    assert.deepEqual(recognized([1, 300, 38], channels(1 / 127, 1), 2).warnings, []);
  });

  it('are refused if classes are lost', () => {
    assert.throws(
      () => recognized([1, 300, 38], [640 / 127], 2),
      /class numbers .* in steps of 5, .*float32/,
    );
    assert.throws(() => recognized([1, 300, 38], channels(1 / 127, 2), 2), /class numbers .* in steps of 2/);
  });
});

describe('recognition of two outputs', () => {
  const info = (...shape: number[]): TensorInfo => ({
    ...{ name: 'x', shape, stride: packedStride(shape), type: 'float32', quantization: UNQUANTIZED },
  });
  const FULL = { width: 640, height: 640 };
  const form = (a: number[], b: number[], hints: HeadHints = {}, size = FULL): unknown[] => {
    const {
      form: found,
      classCount,
      coefficientCount,
      protoStride,
    } = recognizeHeads([info(...a), info(...b)], size, hints);
    return [found, classCount, coefficientCount, protoStride];
  };

  it('is by shape', () => {
    const planes = [1, 32, 160, 160];
    assert.deepEqual(form([1, 116, 8400], planes), ['detections', 80, 32, 4]);
    assert.deepEqual(form(planes, [1, 116, 8400, 1]), ['detections', 80, 32, 4]);
    assert.deepEqual(form([1, 8400, 116], [1, 160, 160, 32]), ['detections', 80, 32, 4]);
    assert.deepEqual(form([1, 38, 8400], planes), ['detections', 2, 32, 4]);
    assert.deepEqual(form([1, 4621, 8400], planes), ['detections', 4585, 32, 4]);
    assert.deepEqual(form([1, 116, 34000], planes), ['detections', 80, 32, 4]); // with P2
    assert.deepEqual(form([1, 300, 38], planes, { classCount: 80 }), ['instances', 80, 32, 4]);
    assert.deepEqual(form([1, 1, 38], planes, { classCount: 7 }), ['instances', 7, 32, 4]);
  });

  it('requires a setting if shapes are ambiguous', () => {
    // It has 336 cells.
    const small = { width: 128, height: 128 };
    const open = (hints: HeadHints): unknown[] => form([1, 336, 38], [1, 32, 32, 32], hints, small);
    assert.throws(() => open({ classCount: 2 }), /setting heads/);
    assert.throws(() => open({}), /setting heads/);
    // Detections of two classes whose names are wrong are no instances.
    assert.throws(() => open({ classCount: 80 }), /detections or instances: .*setting heads/);
    assert.throws(() => form([1, 8400, 38], [1, 32, 160, 160], { classCount: 80 }), /setting heads/);
    assert.deepEqual(open({ classCount: 80, roles: ['instances', 'proto'] }), ['instances', 80, 32, 4]);
    assert.deepEqual(open({ classCount: 80, chosen: true }), ['instances', 80, 32, 4], 'the graph tells');
    assert.deepEqual(open({ chosen: true, roles: ['detections', 'proto'] }), ['detections', 2, 32, 4]);
    assert.deepEqual(form([1, 116, 8400], [1, 32, 160, 160], { chosen: true })[0], 'detections');
    assert.deepEqual(open({ classCount: 2, roles: ['instances', 'proto'] }), ['instances', 2, 32, 4]);
    assert.deepEqual(open({ roles: ['detections', 'proto'] }), ['detections', 2, 32, 4]);
    assert.throws(() => open({ roles: ['class', 'proto'] }), /does not fit/);
    assert.throws(() => form([1, 300, 38], [1, 32, 160, 160]), /how many classes it knows: give their names/);
  });

  it('refuses outputs of other networks', () => {
    for (const [a, b] of [
      [
        [1, 25200, 117],
        [1, 32, 160, 160],
      ], // three anchors a cell, and a score for the object (YOLOv5-seg)
      [
        [1, 36, 8400],
        [1, 32, 160, 160],
      ], // no class
      [
        [1, 116, 8400],
        [1, 32, 160],
      ],
      [
        [2, 116, 8400],
        [1, 32, 160, 160],
      ],
      [
        [1, 116, 8400, 2],
        [1, 32, 160, 160],
      ],
      [
        [1, 300, 6],
        [1, 300, 28, 28],
      ], // masks of each object (Mask R-CNN)
      [
        [1, 84, 8400],
        [1, 84, 8400],
      ],
    ] as const) {
      assert.throws(
        () => form([...a], [...b], { classCount: 80 }),
        /Two outputs must be detections/,
        a.join(),
      );
    }
  });
});
