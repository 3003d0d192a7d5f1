import { ELEMENT } from '../../src/model/onnx-model.js';
import { toHalf } from '../../src/model/half.js';
import { intAttribute, intsAttribute } from '../../src/model/opset11.js';
import { type Chunk, integerField, messageField, textField } from '../../src/model/wire.js';

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
  irVersion?: number;
  /** Nodes in the reverse of the order in which they can run, as converters to half precision leave them. */
  reversed?: boolean;
  /** Output shapes as names, or not at all. */
  outputShapes?: 'names' | 'none';
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
    irVersion = 8,
    channels = 3,
  } = options;
  const type = half ? ELEMENT.float16 : ELEMENT.float32;
  const nodes: Chunk[][] = [];
  const initializers: Chunk[] = [];
  let state = 7;
  const random = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  };
  const tensor = (name: string, dims: number[], elementType: number, raw: Uint8Array): string => {
    initializers.push(
      ...messageField(5, [
        ...dims.flatMap((dim) => integerField(1, dim)),
        ...integerField(2, elementType),
        ...textField(8, name),
        ...messageField(9, [raw]),
      ]),
    );
    return name;
  };
  const floats = (name: string, dims: number[], values: number[]): string =>
    tensor(
      name,
      dims,
      type,
      new Uint8Array((half ? Uint16Array.from(values, toHalf) : Float32Array.from(values)).buffer),
    );
  const integers = (name: string, values: number[]): string =>
    tensor(
      name,
      [values.length],
      ELEMENT.int64,
      new Uint8Array(BigInt64Array.from(values.map(BigInt)).buffer),
    );
  const add = (
    opType: string,
    inputs: string[],
    outputs: string | string[],
    ...attributes: Chunk[][]
  ): string => {
    const names = Array.isArray(outputs) ? outputs : [outputs];
    nodes.push(
      messageField(1, [
        ...inputs.flatMap((name) => textField(1, name)),
        ...names.flatMap((name) => textField(2, name)),
        ...textField(3, `node_${names[0]}`),
        ...textField(4, opType),
        ...attributes.flat(),
      ]),
    );
    return names[0]!;
  };
  const conv = (from: string, to: string, inputs: number, outputs: number, stride = 1): string => {
    const count = outputs * inputs * stride * stride;
    const scale = 2 / Math.sqrt(inputs * stride * stride);
    const weight = floats(
      `${to}.weight`,
      [outputs, inputs, stride, stride],
      Array.from({ length: count }, () => random() * scale),
    );
    const bias = floats(`${to}.bias`, [outputs], Array.from({ length: outputs }, random));
    return add(
      'Conv',
      [from, weight, bias],
      to,
      intsAttribute('strides', [stride, stride]),
      intsAttribute('kernel_shape', [stride, stride]),
    );
  };
  const split = (from: string, outputs: string[], sizes: number[], axis = 1): void => {
    if (opset >= 13)
      add('Split', [from, integers(`${outputs[0]}.sizes`, sizes)], outputs, intAttribute('axis', axis));
    else add('Split', [from], outputs, intAttribute('axis', axis), intsAttribute('split', sizes));
  };
  const reshape = (from: string, to: string, shape: number[]): string =>
    add(
      'Reshape',
      [from, integers(`${to}.shape`, shape)],
      to,
      ...(opset >= 14 ? [intAttribute('allowzero', 0)] : []),
    );

  // Backbone: three levels, with the operators whose form changed between opset 11 and 20.
  let image = 'images';
  if (options.quantized === true) {
    const step = floats('images.step', [], [1 / 255]);
    const zero = tensor('images.zero', [], 2, Uint8Array.of(0));
    add('QuantizeLinear', [image, step, zero], 'images.q');
    image = add('DequantizeLinear', ['images.q', step, zero], 'images.dq');
  }
  conv(image, 'p3', channels, 8, 8);
  split('p3', ['p3a', 'p3b'], [4, 4]);
  add('Concat', ['p3b', 'p3a'], 'f0', intAttribute('axis', 1));
  conv('f0', 'f1', 8, 8, 2);
  conv('f1', 'f2', 8, 8, 2);
  const scales = tensor(
    'up.scales',
    [4],
    ELEMENT.float32,
    new Uint8Array(Float32Array.of(1, 1, 2, 2).buffer),
  );
  add(
    'Resize',
    ['f1', opset >= 13 ? '' : tensor('up.roi', [0], ELEMENT.float32, new Uint8Array()), scales],
    'up',
  );
  add('Concat', ['up', 'f0'], 'neck', intAttribute('axis', 1));
  conv('neck', 'f0n', 16, 8);
  if (ballast > 0) {
    tensor('ballast', [ballast / 4], ELEMENT.float32, new Uint8Array(ballast));
    add('ReduceSum', ['ballast'], 'ballast.sum', intAttribute('keepdims', 0));
    add('Add', ['f0n', 'ballast.sum'], 'f0h');
  } else add('Sigmoid', ['f0n'], 'f0h');
  conv(image, 'proto.conv', channels, coefficients, 4);
  add('Sigmoid', ['proto.conv'], 'proto.sigmoid');
  add('Mul', ['proto.conv', 'proto.sigmoid'], 'output1');

  // Heads.
  const cells = levels.map((stride) => (height / stride) * (width / stride));
  const total = cells.reduce((sum, count) => sum + count);
  if (levels.includes(4)) conv(image, 'fp2', channels, 8, 4);
  if (levels.includes(64)) conv('f2', 'f3', 8, 8, 2);
  const made: Readonly<Record<number, string>> = { 4: 'fp2', 8: 'f0h', 16: 'f1', 32: 'f2', 64: 'f3' };
  const features = levels.map((stride) => made[stride]!);
  for (const [i, feature] of features.entries()) {
    conv(feature, `cv2.${i}`, 8, 4 * regMax);
    conv(feature, `cv3.${i}`, 8, classes);
    conv(feature, `cv4.${i}`, 8, coefficients);
    reshape(`cv4.${i}`, `mc.${i}`, [1, coefficients, -1]);
    if (layout === 'role') {
      reshape(`cv2.${i}`, `box.${i}`, [1, 4 * regMax, -1]);
      reshape(`cv3.${i}`, `cls.${i}`, [1, classes, -1]);
    } else {
      add('Concat', [`cv2.${i}`, `cv3.${i}`], `both.${i}`, intAttribute('axis', 1));
      reshape(`both.${i}`, `level.${i}`, [1, 4 * regMax + classes, -1]);
    }
  }
  const join = (name: string): string =>
    add(
      'Concat',
      levels.map((_, i) => `${name}.${i}`),
      name,
      intAttribute('axis', 2),
    );
  join('mc');
  if (layout === 'role') {
    join('box');
    join('cls');
  } else {
    join('level');
    split('level', ['box', 'cls'], [4 * regMax, classes]);
  }
  let sides = 'box';
  if (regMax > 1) {
    reshape('box', 'dfl.in', [1, 4, regMax, total]);
    add('Transpose', ['dfl.in'], 'dfl.bins', intsAttribute('perm', [0, 2, 1, 3]));
    // Before opset 13 a softmax takes all axes from its own on together: bins last, then back.
    if (opset >= 13) add('Softmax', ['dfl.bins'], 'dfl.soft', intAttribute('axis', 1));
    else {
      add('Transpose', ['dfl.bins'], 'dfl.last', intsAttribute('perm', [0, 2, 3, 1]));
      add('Softmax', ['dfl.last'], 'dfl.softlast', intAttribute('axis', 3));
      add('Transpose', ['dfl.softlast'], 'dfl.soft', intsAttribute('perm', [0, 3, 1, 2]));
    }
    const bins = floats(
      'dfl.weight',
      [1, regMax, 1, 1],
      Array.from({ length: regMax }, (_, bin) => bin),
    );
    add('Conv', ['dfl.soft', bins], 'dfl.out');
    sides = reshape('dfl.out', 'dfl', [1, 4, total]);
  }
  split(sides, ['lt', 'rb'], [2, 2]);
  const centres: number[][] = [[], []];
  const strides: number[] = [];
  for (const stride of levels) {
    for (let y = 0; y < height / stride; y++) {
      for (let x = 0; x < width / stride; x++) {
        centres[0]!.push(x + 0.5);
        centres[1]!.push(y + 0.5);
        strides.push(stride);
      }
    }
  }
  const anchors = floats('anchors', [1, 2, total], centres.flat());
  add('Sub', [anchors, 'lt'], 'x1y1');
  add('Add', [anchors, 'rb'], 'x2y2');
  add('Add', ['x1y1', 'x2y2'], 'twice');
  add('Div', ['twice', floats('two', [1], [2])], 'centre');
  add('Sub', ['x2y2', 'x1y1'], 'size');
  add('Concat', ['centre', 'size'], 'xywh', intAttribute('axis', 1));
  add('Mul', ['xywh', floats('strides', [1, total], strides)], 'boxes');
  add('Sigmoid', ['cls'], 'scores');
  if (layout === 'role') add('Concat', ['boxes', 'scores', 'mc'], 'output0', intAttribute('axis', 1));
  else {
    add('Concat', ['boxes', 'scores'], 'detect', intAttribute('axis', 1));
    add('Concat', ['detect', 'mc'], 'output0', intAttribute('axis', 1));
  }

  const named = (field: number): boolean => field === 12 && options.outputShapes === 'names';
  const value = (field: number, name: string, shape: number[]): Chunk[] =>
    messageField(field, [
      ...textField(1, name),
      ...messageField(
        2,
        messageField(1, [
          ...integerField(1, type),
          ...messageField(
            2,
            shape.flatMap((dim, axis) =>
              messageField(1, named(field) ? textField(2, `axis ${axis}`) : integerField(1, dim)),
            ),
          ).filter(() => !(field === 12 && options.outputShapes === 'none')),
        ]),
      ),
    ]);
  const metadata = (key: string, text: string): Chunk[] =>
    messageField(14, [...textField(1, key), ...textField(2, text)]);
  const graph = [
    ...(options.reversed === true ? nodes.reverse() : nodes).flat(),
    ...textField(2, 'main_graph'),
    ...initializers,
    ...value(11, 'images', [1, channels, height, width]),
    ...value(12, 'output0', [1, 4 + classes + coefficients, total]),
    ...(prototypes ? value(12, 'output1', [1, coefficients, height / 4, width / 4]) : []),
    // A field of a later ONNX, unknown to us: it must survive.
    ...textField(900, 'graph field of tomorrow'),
  ];
  const names = Array.from({ length: classes }, (_, id) => `${id}: 'class ${id}'`).join(', ');
  return Buffer.concat([
    ...integerField(1, irVersion),
    ...textField(2, 'test'),
    ...messageField(7, graph),
    ...messageField(8, integerField(2, opset)),
    ...metadata('names', options.names ?? `{${names}}`),
    ...metadata('imgsz', `[${height}, ${width}]`),
    ...textField(901, 'model field of tomorrow'),
  ] as Uint8Array[]);
}
