import { packedStride, type TensorInfo } from '../tensor/tensor.js';
import { coarseClasses } from './coarse-scales.js';
import { type Head, type HeadHints, type HeadLayout, type InputSize, isCellCount } from './head-layout.js';

/** Channels before the scores of `detections`, and before the coefficients of `instances`. */
const BOX_CHANNELS = 4;
const INSTANCE_CHANNELS = 6;
/** More rows than any network selects. */
const MOST_ROWS = 10_000;

/** The axes of an output: cells or selected boxes, and the values of each. */
interface Reading {
  readonly form: 'detections' | 'instances';
  readonly detections: number;
  readonly rows: number;
  readonly channels: number;
  readonly proto: Head;
  readonly classCount: number | undefined;
}

type Fail = (reason: string) => never;

/**
 * The layout of a model that was not cut: a stock export, on ONNX Runtime or compiled whole for the BPU.
 *
 * One output is a grid, [1, K, height, width] or [1, height, width, K]: the prototypes. The other, apart from dimensions of size 1, is
 *
 * - [1, 4 + C + K, cells] or [1, cells, 4 + C + K]: detections. The number of cells is that of levels whose strides double
 *   (8400 for 640x640). Other networks (three anchors per cell, an objectness score) have another number
 * - [1, rows, 6 + K]: instances. The shape does not show the number of classes, so it must be known.
 *   If there are as many rows as cells, both are possible: `roles` must decide, or the model's graph (`chosen`)
 *
 * @throws the error of `fail` if it is neither or may be both
 */
export function recognizeTwoOutputs(
  outputs: readonly TensorInfo[],
  input: InputSize,
  hints: HeadHints,
  fail: Fail,
): HeadLayout {
  let readings = [0, 1].flatMap((detections) => readingsOf(outputs, detections, input, hints.classCount));
  if (readings.length === 0) {
    return fail(
      'Two outputs must be detections [1, 4 + classes + K, cells], or instances [1, rows, 6 + K], and prototypes [1, K, height / 4, width / 4].',
    );
  }
  const { roles, classCount } = hints;
  if (roles) {
    readings = readings.filter(
      ({ form, detections, proto }) => roles[detections] === form && roles[proto.output] === 'proto',
    );
    if (readings.length === 0)
      return fail(`The setting heads=${roles.join(',')} does not fit these outputs.`);
  }
  const instances = readings.filter(({ form }) => form === 'instances');
  if (hints.chosen === true && !roles && instances.length > 0) readings = instances;
  // Instances do not show the number of classes, so the number of names is no evidence for or against them.
  if (new Set(readings.map(({ form }) => form)).size > 1) {
    return fail(
      'They may be detections or instances: say what they are with the setting heads, for example heads=instances,proto.',
    );
  }
  const told = readings.filter((reading) => reading.classCount === classCount);
  if (classCount !== undefined && told.length > 0) readings = told;
  const [reading] = readings;
  if (!reading || readings.length > 1) {
    return fail(
      'They can be read in more than one way. Give the class names (labels), if their number tells; or say what they are with ' +
        'the setting heads, for example heads=detections,proto.',
    );
  }
  if (reading.classCount === undefined) {
    return fail(
      'The model chooses its instances itself and does not tell how many classes it knows: give their names (labels).',
    );
  }
  const layout = layoutOf(outputs, input, reading, reading.classCount);
  const step = coarseClasses(layout);
  if (step !== undefined) {
    return fail(
      `The class numbers of the instances come in steps of ${Number(step.toPrecision(2))}, as integers that share one scale with the boxes: ` +
        'most classes cannot be told. Compile the model with float32 outputs, or cut it into its heads.',
    );
  }
  return layout;
}

function readingsOf(
  outputs: readonly TensorInfo[],
  detections: number,
  input: InputSize,
  classCount: number | undefined,
): Reading[] {
  const info = outputs[detections]!;
  const axes = longAxes(info.shape);
  if (!axes) return [];
  return [axes, [...axes].reverse()].flatMap((order, turned): Reading[] => {
    const [channels, rows] = order as [number, number];
    const [count, length] = [info.shape[channels]!, info.shape[rows]!];
    const found: Reading[] = [];
    const add = (form: Reading['form'], proto: Head, classes: number | undefined): void => {
      found.push({ form, detections, rows, channels, proto, classCount: classes });
    };
    // Prototypes have the same channel order as the detections; a list of boxes gives no evidence.
    const proto = protoHead(outputs, 1 - detections, input, turned === 0);
    const classes = proto ? count - BOX_CHANNELS - proto.channels : 0;
    if (proto && classes > 0 && isCellCount(length, input)) add('detections', proto, classes);
    const usual = protoHead(outputs, 1 - detections, input, true);
    if (usual && turned === 1 && count === INSTANCE_CHANNELS + usual.channels && length <= MOST_ROWS) {
      add('instances', usual, classCount);
    }
    return found;
  });
}

/** The two axes after the batch that remain if one of three has size 1. */
function longAxes(shape: readonly number[]): [number, number] | undefined {
  if (shape[0] !== 1) return undefined;
  if (shape.length === 3) return [1, 2];
  if (shape.length !== 4) return undefined;
  if (shape[3] === 1) return [1, 2];
  if (shape[2] === 1) return [1, 3];
  return shape[1] === 1 ? [2, 3] : undefined;
}

function protoHead(
  outputs: readonly TensorInfo[],
  output: number,
  input: InputSize,
  channelsFirst: boolean,
): Head | undefined {
  const info = outputs[output]!;
  if (info.shape.length !== 4 || info.shape[0] !== 1) return undefined;
  const orders = [
    [2, 3, 1],
    [1, 2, 3],
  ] as const;
  for (const [y, x, c] of channelsFirst ? orders : [...orders].reverse()) {
    const [height, width, channels] = [info.shape[y]!, info.shape[x]!, info.shape[c]!];
    const ratio = input.height / height;
    if (!Number.isInteger(ratio) || ratio * width !== input.width) continue;
    const stride = strideOf(info);
    const strides = { strideY: stride[y]!, strideX: stride[x]!, strideC: stride[c]! };
    return { output, info, height, width, channels, ...strides, axis: c, first: 0 };
  }
  return undefined;
}

function layoutOf(
  outputs: readonly TensorInfo[],
  input: InputSize,
  { form, detections, rows, channels, proto }: Reading,
  classCount: number,
): HeadLayout {
  const info = outputs[detections]!;
  const stride = strideOf(info);
  const width = info.shape[rows]!;
  const head = (first: number, count: number): Head => ({
    output: detections,
    info,
    height: 1,
    width,
    channels: count,
    strideY: width * stride[rows]!,
    strideX: stride[rows]!,
    strideC: stride[channels]!,
    axis: channels,
    first,
  });
  const scores = form === 'detections' ? classCount : INSTANCE_CHANNELS - BOX_CHANNELS;
  const level = {
    stride: 1,
    box: head(0, BOX_CHANNELS),
    class: head(BOX_CHANNELS, scores),
    coefficient: head(BOX_CHANNELS + scores, proto.channels),
  };
  return {
    form,
    inputWidth: input.width,
    inputHeight: input.height,
    levels: [level],
    proto,
    protoStride: input.height / proto.height,
    classCount,
    regMax: 1,
    coefficientCount: proto.channels,
  };
}

export function strideOf({ shape, stride }: TensorInfo): readonly number[] {
  return stride.length === shape.length ? stride : packedStride(shape);
}
