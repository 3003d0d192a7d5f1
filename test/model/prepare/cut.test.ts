import assert from 'node:assert/strict';
import fs, { closeSync, openSync, readFileSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import * as ort from 'onnxruntime-node';
import { withoutTelemetry } from '../../../src/engine/onnx/onnx-telemetry.js';
import { ExpectationError } from '../../../src/base/expect.js';
import { cutModel, type CutReport, type HeadOutput } from '../../../src/model/prepare/cut.js';
import { modelForm } from '../../../src/model/onnx/model-form.js';
import { GRAPH, MODEL, OnnxModel } from '../../../src/model/onnx/onnx-model.js';
import { compareOutputs, type Proof, proveCut } from '../../../src/engine/onnx/prove-cut.js';
import {
  type Chunk,
  messageField,
  textField,
  varint,
  WireFile,
  writeChunks,
} from '../../../src/model/onnx/wire.js';
import { sharedData } from '../../data.js';
import { stockModel, type StockModelOptions } from '../onnx/stock-model.js';
import { describeUnless } from '../../skips.js';
import { temporaryFolder } from '../../temporary-folder.js';

const folder = temporaryFolder('cut');
const file = (name: string): string => join(folder, name);

function stockFile(name: string, options: StockModelOptions = {}): string {
  writeFileSync(file(name), stockModel(options));
  return file(name);
}

/** What `work` reads from files: bytes, and how much memory they are read into. */
function countReads<T>(work: () => T): { result: T; bytes: number; memory: number } {
  const { readSync } = fs;
  let bytes = 0;
  const memories = new Set<ArrayBufferLike>();
  fs.readSync = ((...args: Parameters<typeof readSync>) => {
    memories.add(args[1].buffer);
    const count = readSync(...args);
    bytes += count;
    return count;
  }) as typeof readSync;
  syncBuiltinESMExports();
  try {
    const result = work();
    return { result, bytes, memory: [...memories].reduce((sum, { byteLength }) => sum + byteLength, 0) };
  } finally {
    fs.readSync = readSync;
    syncBuiltinESMExports();
  }
}

function withModel<T>(path: string, use: (model: OnnxModel) => T): T {
  const wire = new WireFile(path);
  try {
    return use(new OnnxModel(wire));
  } finally {
    wire.close();
  }
}

async function infer(
  path: string,
  picture: Float32Array,
  shape: number[],
): Promise<Record<string, Float32Array>> {
  withoutTelemetry();
  const session = await ort.InferenceSession.create(path, { logSeverityLevel: 3 });
  try {
    const outputs = await session.run({ images: new ort.Tensor('float32', picture, shape) });
    return Object.fromEntries(
      Object.entries(outputs).map(([name, { data }]) => [name, data as Float32Array]),
    );
  } finally {
    await session.release();
  }
}

/** A copy of a stock model that gives the values at the cut points, too, as they are in its own graph. */
function exposeValues(path: string, values: readonly string[], to: string): void {
  addToGraph(
    path,
    values.flatMap((value) => messageField(GRAPH.output, textField(1, value))),
    to,
  );
}

/** A copy of a model with more fields in its graph. */
function addToGraph(path: string, fields: readonly Chunk[], to: string): void {
  const wire = new WireFile(path);
  try {
    const chunks: Chunk[] = [];
    for (const field of wire.fields({ start: 0, end: wire.size })) {
      if (field.number === MODEL.graph) chunks.push(...messageField(MODEL.graph, [field.payload, ...fields]));
      else chunks.push(field.whole);
    }
    writeChunks(to, chunks, wire);
  } finally {
    wire.close();
  }
}

function picture(count: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => ((i * 7919) % 1009) / 1009);
}

function largestDifference(a: Float32Array, b: Float32Array): number {
  assert.equal(a.length, b.length);
  return a.reduce((worst, value, i) => Math.max(worst, Math.abs(value - b[i]!)), 0);
}

function toNhwc(data: Float32Array, [, height, width, channels]: readonly number[]): Float32Array {
  const plane = height! * width!;
  return Float32Array.from(data, (_, i) => data[(i % channels!) * plane + Math.floor(i / channels!)]!);
}

async function assertEqualAtCutPoints(path: string, cut: string, opset?: number): Promise<void> {
  const report = cutModel(path, cut, { opset });
  exposeValues(
    path,
    report.heads.slice(0, -1).map(({ value }) => value),
    `${cut}.exposed`,
  );
  const shape = [1, 3, report.inputHeight, report.inputWidth];
  const input = picture(3 * report.inputHeight * report.inputWidth);
  const expected = await infer(`${cut}.exposed`, input, shape);
  const heads = await infer(cut, input, shape);
  assert.deepEqual(
    Object.keys(heads),
    report.heads.map(({ name }) => name),
  );
  for (const head of report.heads) {
    assert.ok(
      largestDifference(heads[head.name]!, toNhwc(expected[head.value]!, head.shape)) <= 1e-4,
      head.name,
    );
  }
  const proof = await proveCut(path, cut, report);
  assert.ok(proof, 'ONNX Runtime is there');
}

describe('cutting a stock model', () => {
  it('gives the ten heads in order, named, float32 NHWC', () => {
    const report = cutModel(stockFile('plain.onnx'), file('plain-cut.onnx'));
    assert.deepEqual(
      report.heads.map(({ name, shape }) => [name, ...shape]),
      [
        ['mc8', 1, 8, 12, 4],
        ['mc16', 1, 4, 6, 4],
        ['mc32', 1, 2, 3, 4],
        ['box8', 1, 8, 12, 64],
        ['box16', 1, 4, 6, 64],
        ['box32', 1, 2, 3, 64],
        ['cls8', 1, 8, 12, 3],
        ['cls16', 1, 4, 6, 3],
        ['cls32', 1, 2, 3, 3],
        ['proto', 1, 16, 24, 4],
      ],
    );
    assert.equal(report.classCount, 3);
  });

  const variants: Record<string, StockModelOptions> = {
    'role by role (Ultralytics 8.4)': {},
    'level by level (Ultralytics up to 8.3)': { layout: 'level' },
    'one class': { classes: 1, layout: 'level' },
    'as many classes as box channels': { classes: 64, layout: 'level' },
    'as many classes as coefficients': { classes: 4 },
    'opset 11': { opset: 11 },
    'opset 20': { opset: 20 },
    'boxes without DFL': { regMax: 1 },
    'opset 23, IR 11': { opset: 23, irVersion: 11 },
    'IR 4': { opset: 11, irVersion: 4 },
    'nodes in reverse order': { reversed: true },
    'outputs whose extents have names': { outputShapes: 'names' },
    'outputs without shapes': { outputShapes: 'none' },
    'levels from P2 to P5': { strides: [4, 8, 16, 32] },
    'levels from P2 to P5, prototypes twice as fine': { strides: [4, 8, 16, 32], protoStride: 2 },
    'levels from P2 to P5, prototypes twice as fine, no shapes': {
      ...{ strides: [4, 8, 16, 32], protoStride: 2, outputShapes: 'none' },
    },
    'levels from P3 to P6': { strides: [8, 16, 32, 64], width: 128 },
    'two levels': { strides: [8, 16] },
    'one level': { strides: [16] },
    'end to end, as YOLO26 is by default': { rows: 30, regMax: 1 },
    'end to end, opset 11': { rows: 30, regMax: 1, opset: 11 },
    'end to end, opset 20, outputs without shapes': { rows: 30, regMax: 1, opset: 20, outputShapes: 'none' },
    'end to end, all of the cells': { rows: 126, regMax: 1, classes: 1 },
    'end to end, four levels with P2': { rows: 50, regMax: 1, strides: [4, 8, 16, 32], protoStride: 2 },
    'end to end, four levels with P6': { rows: 50, regMax: 1, strides: [8, 16, 32, 64], width: 128 },
    'end to end, two levels': { rows: 50, regMax: 1, strides: [8, 16] },
    'end to end, one level': { rows: 12, regMax: 1, strides: [16] },
    'end to end, with DFL': { rows: 30 },
    'plain boxes, four levels with P2': { regMax: 1, strides: [4, 8, 16, 32], protoStride: 2 },
    'plain boxes, four levels with P6': { regMax: 1, strides: [8, 16, 32, 64], width: 128 },
    'plain boxes, two levels': { regMax: 1, strides: [8, 16] },
    'tall input': { width: 32, height: 96 },
  };
  for (const [name, options] of Object.entries(variants)) {
    it(`gives the stock graph's own tensors: ${name}`, async () => {
      const path = stockFile('variant.onnx', options);
      const { classes = 3 } = options;
      assert.equal(cutModel(path, file('variant-cut.onnx')).classCount, classes);
      await assertEqualAtCutPoints(path, file('variant-cut.onnx'));
    });
  }

  it('gives the same tensors in opset 11', async () => {
    for (const opset of [13, 17, 20, 21, 22, 23]) {
      const path = stockFile('newer.onnx', { opset });
      await assertEqualAtCutPoints(path, file('opset11.onnx'), 11);
      const result = withModel(file('opset11.onnx'), (model) => model);
      assert.equal(result.opset, 11);
      const split = result.nodes.find(({ opType }) => opType === 'Split')!;
      assert.deepEqual([split.inputs.length, split.attributes.get('split')?.ints], [1, [4, 4]]);
    }
  });

  it('reads IR 4 to 13', () => {
    for (let irVersion = 4; irVersion <= 13; irVersion++) {
      const report = cutModel(stockFile('ir.onnx', { irVersion, opset: 11 }), file('ir-cut.onnx'));
      assert.equal(report.heads.length, 10);
      withModel(file('ir-cut.onnx'), (model) => assert.equal(model.irVersion, irVersion));
    }
  });

  it('sorts nodes of half precision, and finds the same as the float model', async () => {
    const float = stockFile('float.onnx');
    cutModel(float, file('float-cut.onnx'));
    cutModel(stockFile('half.onnx', { half: true, reversed: true }), file('half-cut.onnx'));
    const shape = [1, 3, 64, 96];
    withModel(file('half-cut.onnx'), ({ nodes, producers }) => {
      const places = nodes.map(({ whole }) => whole.start);
      assert.deepEqual(
        places,
        [...places].sort((x, y) => x - y),
        'written in order',
      );
      for (const { inputs, whole } of nodes) {
        assert.ok(inputs.every((input) => (producers.get(input)?.whole.start ?? 0) < whole.start));
      }
    });
    const expected = await infer(file('float-cut.onnx'), picture(3 * 64 * 96), shape);
    const found = await infer(file('half-cut.onnx'), picture(3 * 64 * 96), shape);
    for (const [name, values] of Object.entries(expected)) {
      const most = values.reduce((high, value) => Math.max(high, Math.abs(value)), 1);
      assert.ok(largestDifference(found[name]!, values) < most / 50, name);
    }
  });

  it('gives float32 input and heads for half precision', async () => {
    const path = stockFile('half.onnx', { half: true });
    const report = cutModel(path, file('half-cut.onnx'));
    assert.equal(report.half, true);
    const { inputs, outputs } = withModel(file('half-cut.onnx'), (model) => model);
    assert.deepEqual(
      [...inputs, ...outputs].map(({ elementType }) => elementType),
      Array(11).fill(1),
    );
    const proof = await proveCut(path, file('half-cut.onnx'), report);
    assert.ok(proof && proof.proto < 0.01);
  });

  it('drops everything behind the cut, and keeps metadata and unknown fields', () => {
    const path = stockFile('keep.onnx');
    cutModel(path, file('keep-cut.onnx'));
    withModel(file('keep-cut.onnx'), (model) => {
      assert.equal(model.metadata.get('names'), "{0: 'class 0', 1: 'class 1', 2: 'class 2'}");
      assert.equal(model.metadata.get('imgsz'), '[64, 96]');
      assert.ok(!model.nodes.some(({ opType }) => opType === 'Softmax'));
      assert.ok(!model.initializers.has('anchors'));
      assert.ok(model.initializers.has('cv2.0.weight'));
    });
    const bytes = readFileSync(file('keep-cut.onnx'));
    assert.ok(bytes.includes('model field of tomorrow') && bytes.includes('graph field of tomorrow'));
  });

  it('may replace the stock file', () => {
    const path = stockFile('in-place.onnx');
    cutModel(path, path);
    assert.equal(modelForm(path), 'heads');
  });

  it('recognizes a model that is already cut', () => {
    cutModel(stockFile('twice.onnx'), file('twice-cut.onnx'));
    const report = cutModel(file('twice-cut.onnx'), file('thrice.onnx'));
    assert.equal(report.wasStock, false);
    assert.equal(report.classCount, 3);
  });

  it('reads large weights once, in constant memory', () => {
    const ballast = 24 * 2 ** 20;
    const path = stockFile('large.onnx', { ballast, opset: 17 });
    const { bytes, memory } = countReads(() => cutModel(path, file('large-cut.onnx')));
    const { size } = statSync(file('large-cut.onnx'));
    assert.ok(size > ballast);
    assert.ok(bytes >= size - 2 ** 20 && bytes < size + 4 * 2 ** 20, `${bytes} bytes read for ${size}`);
    // The window that headers are read through, and a buffer of a megabyte.
    assert.ok(memory <= 2 * 2 ** 20, `${memory} bytes of memory`);
    rmSync(path);
    rmSync(file('large-cut.onnx'));
  });

  it('navigates files of gigabytes without reading them', () => {
    const path = file('huge.onnx');
    const length = 3_000_000_000;
    const begin = Buffer.concat([varint(7 * 8 + 2), varint(length)]);
    const end = Buffer.concat(textField(1, 'behind it') as Uint8Array[]);
    const descriptor = openSync(path, 'w'); // a hole takes no room on the disk
    writeSync(descriptor, begin, 0, begin.length, 0);
    writeSync(descriptor, end, 0, end.length, begin.length + length);
    closeSync(descriptor);
    const wire = new WireFile(path);
    try {
      const { result, bytes } = countReads(() =>
        [...wire.fields({ start: 0, end: wire.size })].map(({ number, payload }) => ({ number, payload })),
      );
      assert.deepEqual(
        result.map(({ number, payload }) => [number, payload.end - payload.start]),
        [
          [7, length],
          [1, 9],
        ],
      );
      assert.equal(wire.text(result[1]!.payload), 'behind it');
      assert.ok(bytes < 2 ** 18, `${bytes} bytes read`);
    } finally {
      wire.close();
      rmSync(path);
    }
  });
});

describe('a model that cannot be cut', () => {
  const refused = (bytes: Uint8Array, pattern: RegExp): void => {
    writeFileSync(file('bad.onnx'), bytes);
    assert.throws(
      () => cutModel(file('bad.onnx'), file('bad-cut.onnx')),
      (error) => error instanceof ExpectationError && pattern.test(error.message),
    );
  };

  it('is refused with the expected structure', () => {
    refused(Buffer.from('a text file, no model'), /ONNX/);
    refused(new Uint8Array(0), /empty/);
    refused(new Uint8Array(100), /ONNX/);
    refused(stockModel({ prototypes: false }), /two outputs/);
    refused(
      stockModel({ opset: 17 }).map((byte) => byte ^ 0xff),
      /ONNX/,
    );
    assert.throws(() => cutModel(file('absent.onnx'), file('x.onnx')), /readable model file/);
    assert.throws(
      () => cutModel(stockFile('a.onnx', { opset: 20 }), file('x.onnx'), { opset: 13 }),
      /11 for the opset/,
    );
  });

  it('is refused with the reason: one channel, a batch, integers inside', () => {
    refused(stockModel({ channels: 1 }), /one channel \(grayscale\) and three are needed/);
    refused(stockModel({ channels: 4 }), /has 4 channels and three are needed/);
    refused(stockModel({ quantized: true }), /a quantized one \(QuantizeLinear/);
  });

  it('is refused if nodes form a cycle or have the same output', () => {
    const renamed = (from: string, to: string): Uint8Array => {
      assert.equal(from.length, to.length);
      return Buffer.from(Buffer.from(stockModel()).toString('latin1').replaceAll(from, to), 'latin1');
    };
    refused(renamed('output1', 'output0'), /two nodes that make output0/);
    refused(renamed('f0n', 'f0h'), /two nodes that make f0h/);
    const node = (from: string, to: string): Chunk[] =>
      messageField(GRAPH.node, [...textField(1, from), ...textField(2, to), ...textField(4, 'Identity')]);
    addToGraph(
      stockFile('loop.onnx'),
      [...node('b', 'a'), ...node('c', 'b'), ...node('a', 'c')],
      file('loop.onnx'),
    );
    refused(readFileSync(file('loop.onnx')), /nodes that depend on each other to make a/);
    addToGraph(stockFile('loop.onnx'), node('a', 'a'), file('loop.onnx'));
    refused(readFileSync(file('loop.onnx')), /nodes that depend on each other to make a/);
  });

  it('is refused if it is truncated, at any byte', () => {
    const bytes = stockModel();
    for (let length = 1; length < bytes.length; length += 997) {
      writeFileSync(file('short.onnx'), bytes.subarray(0, length));
      assert.throws(
        () => cutModel(file('short.onnx'), file('short-cut.onnx')),
        ExpectationError,
        `${length} bytes`,
      );
    }
  });

  it('never crashes on a damaged byte', () => {
    const bytes = stockModel();
    for (let at = 0; at < bytes.length; at += 61) {
      const damaged = Uint8Array.from(bytes);
      damaged[at]! ^= 1 << (at % 8);
      writeFileSync(file('damaged.onnx'), damaged);
      try {
        cutModel(file('damaged.onnx'), file('damaged-cut.onnx'));
      } catch (error) {
        assert.ok(error instanceof ExpectationError, `byte ${at}: ${String(error)}`);
      }
    }
  });

  it('is detected by the proof', async () => {
    const path = stockFile('proof.onnx');
    const report = cutModel(path, file('proof-cut.onnx'));
    const [a, b, ...rest] = report.heads.slice(6);
    const swapped = {
      ...report,
      heads: [...report.heads.slice(0, 6), { ...a!, name: b!.name }, b!, ...rest],
    };
    await assert.rejects(proveCut(path, file('proof-cut.onnx'), swapped), /score/);
  });

  it('is not one with equal boxes in neighboring cells: the row of the better one is used', () => {
    const head = (name: string, channels: number): HeadOutput => ({
      ...{ name, value: name, shape: [1, 1, 2, channels] as const },
    });
    const report = {
      ...{ wasStock: true, form: 'instances', inputWidth: 16, inputHeight: 8, classCount: 1, half: true },
      ...{ opset: { from: 17, to: 17 }, nodes: { from: 1, to: 1 }, metadata: new Map<string, string>() },
      heads: [head('mc8', 2), head('box8', 4), head('cls8', 1), head('proto', 2)],
    } satisfies CutReport;
    const proto = Float32Array.of(1, 2, 3, 4);
    const heads = {
      ...{ mc8: Float32Array.of(1, 1, -1, 0.5), cls8: Float32Array.of(2, 3) },
      // Both cells have the box from (0, 0) to (16, 8).
      ...{ box8: Float32Array.of(0.5, 0.5, 1.5, 0.5, 1.5, 0.5, 0.5, 0.5), proto },
    };
    const row = (logit: number, ...coefficients: number[]): Float32Array =>
      Float32Array.of(0, 0, 16, 8, 1 / (1 + Math.exp(-logit)), 0, ...coefficients);
    const proof = (instances: Float32Array): Proof =>
      compareOutputs(report, { instances, proto: Float32Array.of(1, 3, 2, 4) }, heads);
    const { box, score, coefficient } = proof(row(3, -1, 0.5));
    assert.deepEqual([box, coefficient], [0, 0]);
    assert.ok(score < 1e-6, `${score}`);
    assert.equal(proof(row(3, -1, 0.75)).coefficient, 0.25, 'what none of them says');
  });

  it('is detected by the proof if the model selects its instances', async () => {
    const path = stockFile('chosen.onnx', { rows: 30, regMax: 1 });
    const report = cutModel(path, file('chosen-cut.onnx'));
    assert.ok(await proveCut(path, file('chosen-cut.onnx'), report));
    const swap = (a: number, b: number): typeof report => {
      const heads = [...report.heads];
      heads[a] = { ...heads[a]!, name: report.heads[b]!.name };
      heads[b] = { ...heads[b]!, name: report.heads[a]!.name };
      return { ...report, heads };
    };
    // Coefficients, boxes and classes of two levels; all of a level that has fewer cells.
    for (const [a, b] of [
      [0, 1],
      [3, 4],
      [6, 7],
    ] as const) {
      await assert.rejects(proveCut(path, file('chosen-cut.onnx'), swap(a, b)), /a difference of/);
    }
    // Rows that are not the best: another model's.
    const other = stockFile('others.onnx', { rows: 20, regMax: 1 });
    await assert.rejects(
      proveCut(other, file('chosen-cut.onnx'), { ...report, form: 'detections' }),
      /a difference of/,
    );
  });
});

describeUnless(sharedData.skip, 'the real models', () => {
  it('yolov8n-seg at 320 gives the tensors of its own graph', async () => {
    await assertEqualAtCutPoints(sharedData.path('models/yolov8n-seg-320.onnx'), file('n320.onnx'));
  });

  it('yolov8n-seg at 640 equals the published cut model in shapes, order and values, in opset 11, too', async () => {
    const input = picture(3 * 640 * 640);
    const shape = [1, 3, 640, 640];
    const expected = await infer(sharedData.path('models/yolov8n-seg-rdk.onnx'), input, shape);
    for (const opset of [undefined, 11]) {
      const report = cutModel(sharedData.path('models/yolov8n-seg.onnx'), file('n640.onnx'), { opset });
      const published = withModel(sharedData.path('models/yolov8n-seg-rdk.onnx'), (model) => model.outputs);
      assert.deepEqual(
        report.heads.map((head) => head.shape),
        published.map((output) => output.shape),
      );
      const heads = await infer(file('n640.onnx'), input, shape);
      for (const [i, { name }] of report.heads.entries()) {
        assert.ok(largestDifference(heads[name]!, expected[published[i]!.name]!) <= 1e-4, name);
      }
    }
  });

  it('the published cut model is recognized', () => {
    assert.equal(modelForm(sharedData.path('models/yolov8n-seg-rdk.onnx')), 'heads');
  });
});
