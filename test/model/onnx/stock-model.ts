import { ELEMENT } from '../../../src/model/onnx/onnx-model.js';
import { intAttribute } from '../../../src/model/onnx/opset11.js';
import { type Chunk, integerField, messageField, textField } from '../../../src/model/onnx/wire.js';
import { addDecodingTail } from './decoding-tail.js';
import { GraphBuilder } from './graph-builder.js';

export interface StockModelOptions {
  classes?: number;
  width?: number;
  height?: number;
  coefficients?: number;
  regMax?: number;
  opset?: number;
  half?: boolean;
  /** How the heads are joined: `role` as Ultralytics 8.4 does, `level` as it did before. */
  layout?: 'role' | 'level';
  /** Bytes of weights more than needed, used before the cut. */
  ballast?: number;
  /** False leaves the prototypes out, as a detection model does. */
  prototypes?: boolean;
  /** Of the levels: 8, 16 and 32, with 4 before (P2) or 64 behind (P6). */
  strides?: readonly number[];
  /** Of the prototypes. */
  protoStride?: number;
  irVersion?: number;
  /** Nodes in the reverse of the order in which they can run, as converters to half precision leave them. */
  reversed?: boolean;
  /** Output shapes as names, or not at all. */
  outputShapes?: 'names' | 'none';
  /** Rows that the graph chooses itself, as YOLO26's end-to-end export does; boxes are corners then. */
  rows?: number;
  /** The class head of the finest level is a matrix, as that of YOLOE without a prompt is: it cannot be cut. */
  matrix?: boolean;
  /** Channels of the input. */
  channels?: number;
  /** A pair of QuantizeLinear and DequantizeLinear behind the input. */
  quantized?: boolean;
  /** The class names as they stand in the metadata. */
  names?: string;
}

/** A small network with the shape of a stock YOLOv8-seg export, its weights pseudo-random; the bytes of the ONNX file. */
export function stockModel(options: StockModelOptions = {}): Uint8Array {
  const {
    classes = 3,
    width = 96,
    height = 64,
    coefficients = 4,
    regMax = 16,
    opset = 17,
    half = false,
    layout = 'role',
    ballast = 0,
    prototypes = true,
    strides: levels = [8, 16, 32],
    protoStride = 4,
    irVersion = 8,
    channels = 3,
  } = options;
  const graph = new GraphBuilder(opset, half);
  // Backbone: three levels, with the operators whose form changed between opset 11 and 20.
  let image = 'images';
  if (options.quantized === true) {
    const step = graph.floats('images.step', [], [1 / 255]);
    const zero = graph.tensor('images.zero', [], 2, Uint8Array.of(0));
    graph.add('QuantizeLinear', [image, step, zero], 'images.q');
    image = graph.add('DequantizeLinear', ['images.q', step, zero], 'images.dq');
  }
  graph.conv(image, 'p3', channels, 8, 8);
  graph.split('p3', ['p3a', 'p3b'], [4, 4]);
  graph.add('Concat', ['p3b', 'p3a'], 'f0', intAttribute('axis', 1));
  graph.conv('f0', 'f1', 8, 8, 2);
  graph.conv('f1', 'f2', 8, 8, 2);
  const scales = graph.tensor(
    'up.scales',
    [4],
    ELEMENT.float32,
    new Uint8Array(Float32Array.of(1, 1, 2, 2).buffer),
  );
  graph.add(
    'Resize',
    ['f1', opset >= 13 ? '' : graph.tensor('up.roi', [0], ELEMENT.float32, new Uint8Array()), scales],
    'up',
  );
  graph.add('Concat', ['up', 'f0'], 'neck', intAttribute('axis', 1));
  graph.conv('neck', 'f0n', 16, 8);
  if (ballast > 0) {
    graph.tensor('ballast', [ballast / 4], ELEMENT.float32, new Uint8Array(ballast));
    graph.add('ReduceSum', ['ballast'], 'ballast.sum', intAttribute('keepdims', 0));
    graph.add('Add', ['f0n', 'ballast.sum'], 'f0h');
  } else graph.add('Sigmoid', ['f0n'], 'f0h');
  graph.conv(image, 'proto.conv', channels, coefficients, protoStride);
  graph.add('Sigmoid', ['proto.conv'], 'proto.sigmoid');
  graph.add('Mul', ['proto.conv', 'proto.sigmoid'], 'output1');

  // Heads.
  const total = levels.reduce((sum, stride) => sum + (height / stride) * (width / stride), 0);
  if (levels.includes(4)) graph.conv(image, 'fp2', channels, 8, 4);
  if (levels.includes(64)) graph.conv('f2', 'f3', 8, 8, 2);
  const made: Readonly<Record<number, string>> = { 4: 'fp2', 8: 'f0h', 16: 'f1', 32: 'f2', 64: 'f3' };
  const features = levels.map((stride) => made[stride]!);
  for (const [i, feature] of features.entries()) {
    graph.conv(feature, `cv2.${i}`, 8, 4 * regMax);
    if (options.matrix === true && i === 0) {
      graph.reshape(feature, 'embedding', [1, 8, -1]);
      graph.transpose('embedding', 'embedding.rows', [0, 2, 1]);
      const words = Array.from({ length: 8 * classes }, graph.random);
      graph.add('MatMul', ['embedding.rows', graph.floats('words', [8, classes], words)], 'word.rows');
      graph.transpose('word.rows', `cv3.${i}`, [0, 2, 1]);
    } else graph.conv(feature, `cv3.${i}`, 8, classes);
    graph.conv(feature, `cv4.${i}`, 8, coefficients);
  }
  const { rows } = options;
  addDecodingTail(graph, { width, height, strides: levels, classes, coefficients, regMax, layout, rows });

  const extents = (shape: readonly number[]): readonly (number | string)[] | undefined => {
    if (options.outputShapes === 'none') return undefined;
    return options.outputShapes === 'names' ? shape.map((_, axis) => `axis ${axis}`) : shape;
  };
  const metadata = (key: string, text: string): Chunk[] =>
    messageField(14, [...textField(1, key), ...textField(2, text)]);
  const fields = [
    ...(options.reversed === true ? graph.nodes.reverse() : graph.nodes).flat(),
    ...textField(2, 'main_graph'),
    ...graph.initializers,
    ...graph.value(11, 'images', [1, channels, height, width]),
    ...graph.value(
      12,
      'output0',
      extents(rows === undefined ? [1, 4 + classes + coefficients, total] : [1, rows, 6 + coefficients]),
    ),
    ...(prototypes
      ? graph.value(12, 'output1', extents([1, coefficients, height / protoStride, width / protoStride]))
      : []),
    // A field of a later ONNX, unknown to us: it must survive.
    ...textField(900, 'graph field of tomorrow'),
  ];
  const names = Array.from({ length: classes }, (_, id) => `${id}: 'class ${id}'`).join(', ');
  return Buffer.concat([
    ...integerField(1, irVersion),
    ...textField(2, 'test'),
    ...messageField(7, fields),
    ...messageField(8, integerField(2, opset)),
    ...metadata('names', options.names ?? `{${names}}`),
    ...metadata('imgsz', `[${height}, ${width}]`),
    ...textField(901, 'model field of tomorrow'),
  ] as Uint8Array[]);
}
