import { cellCount, MOST_LEVELS, strideSeries } from '../../vision/decode/head-layout.js';
import { ExpectationError } from '../../base/expect.js';
import { foreign, walkToHeads, weightOf } from './head-walk.js';
import { elementName, type Node, type OnnxModel, type Value } from './onnx-model.js';
import { extents, formOf, INSTANCE_CHANNELS, isChosen } from './output-form.js';

/** A tensor at which the graph is cut: [1, channels, height, width]. */
export interface CutPoint {
  /** Name of the value in the stock graph. */
  readonly value: string;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  /** TensorProto.DataType of the value. */
  readonly elementType: number;
}

/** The cut points of a YOLOv8-style segmentation graph, normally ten; each list finest level first. */
export interface CutPoints {
  readonly input: Value;
  readonly inputWidth: number;
  readonly inputHeight: number;
  /** Graph output that holds boxes, scores and coefficients. */
  readonly detections: Value;
  /** Of all cells, or of those that the graph selects (end-to-end exports). */
  readonly form: 'detections' | 'instances';
  /** Graph output that holds the prototypes. */
  readonly prototypes: Value;
  readonly box: readonly CutPoint[];
  readonly class: readonly CutPoint[];
  readonly coefficient: readonly CutPoint[];
  readonly proto: CutPoint;
  readonly classCount: number;
  readonly regMax: number;
}

/**
 * Finds where to cut a stock export, from the graph's structure alone; names of nodes do not matter.
 *
 * From the output [1, 4 + C + K, cells], or [1, rows, 6 + K] of an end-to-end export, every path back to a convolution is
 * followed (walkToHeads). The heads have the order of the concatenated cells: strides 8, 16, 32. Both layouts of Ultralytics
 * are supported: box and class heads concatenated level by level and split later (up to 8.3), or role by role.
 *
 * @throws ExpectationError that says what was expected and what was found
 */
export function findCutPoints(model: OnnxModel): CutPoints {
  if (formOf(model) === 'queries') {
    throw foreign(
      model,
      'heads that can be cut off',
      'a network with queries (RF-DETR)',
      'It runs as it is, on the CPU only: there are no cells whose heads a BPU could compute.',
    );
  }
  // Before its input is looked at: whatever size that has, there is nothing to cut.
  if (isBoxesOnly(model)) {
    throw foreign(
      model,
      TWO_OUTPUTS,
      shownOutputs(model),
      'It finds boxes and has no masks: export a segmentation model (yolo11n-seg, RFDETRSegNano).',
    );
  }
  const { input, width, height } = imageInput(model);
  expectFloatGraph(model);
  const [detections, prototypes] = outputsOf(model);

  const found = walkToHeads(model, detections.name);
  const { length: count } = found.class;
  if (
    count === 0 ||
    count > MOST_LEVELS ||
    found.box.length !== count ||
    found.coefficient.length !== count
  ) {
    throw foreign(
      model,
      `a class, a box and a coefficient convolution for each level, normally three, before ${detections.name}`,
      `${found.class.length} class, ${found.box.length} box, ${found.coefficient.length} coefficient convolutions`,
      found.chosen || isChosen(model)
        ? 'The graph selects its instances in an unknown way: export it with nms=False, and end2end=False for YOLO26.'
        : undefined,
    );
  }
  const [, rows = 0, columns = 0] = extents(detections, 3);
  const cells = found.chosen ? found.cells : columns;
  const strides = stridesOf(model, count, cells, width, height);
  const level = (role: 'class' | 'box' | 'coefficient'): CutPoint[] =>
    found[role].map((node, i) => {
      const { dims, dataType } = weightOf(model, node)!;
      const stride = strides[i]!;
      return {
        value: node.outputs[0]!,
        channels: dims[0]!,
        height: height / stride,
        width: width / stride,
        elementType: dataType,
      };
    });
  // Usually half the finest level's stride: 4, and 2 with P2.
  const protoHeight = extents(prototypes, 4)[2];
  const protoStride = protoHeight ? height / protoHeight : strides[0]! / 2;
  const coefficient = level('coefficient');
  const k = coefficient[0]!.channels;
  const points = {
    input,
    inputWidth: width,
    inputHeight: height,
    detections,
    prototypes,
    form: found.chosen ? ('instances' as const) : ('detections' as const),
    box: level('box'),
    class: level('class'),
    coefficient,
    proto: {
      value: prototypes.name,
      channels: k,
      height: height / protoStride,
      width: width / protoStride,
      elementType: prototypes.elementType,
    },
  };
  const classCount = points.class[0]!.channels;
  const regMax = points.box[0]!.channels / 4;
  const wanted = found.chosen
    ? [rows, INSTANCE_CHANNELS + k]
    : [4 + classCount + k, cellCount(strides, { width, height })];
  const protoWanted = [k, points.proto.height, points.proto.width];
  const fits =
    points.class.every(({ channels }) => channels === classCount) &&
    points.box.every(({ channels }) => channels === 4 * regMax) &&
    points.coefficient.every(({ channels }) => channels === k) &&
    Number.isInteger(regMax) &&
    Number.isInteger(protoStride) &&
    agree([rows, columns], wanted) &&
    agree(extents(prototypes, 4).slice(1), protoWanted);
  if (!fits) {
    const shown = ({ shape }: Value): string =>
      `[${shape?.map((extent) => extent || '?').join(', ') ?? '?'}]`;
    throw foreign(
      model,
      `heads that agree: [1, ${wanted.map((extent) => extent || '?').join(', ')}] and [1, ${protoWanted.join(', ')}] for strides ${strides.join(', ')}`,
      `${shown(detections)} and ${shown(prototypes)} with channels ${[
        ...points.class,
        ...points.box,
        ...points.coefficient,
      ]
        .map(({ channels }) => channels)
        .join(', ')}`,
    );
  }
  return { ...points, classCount, regMax };
}

const TWO_OUTPUTS =
  'two outputs, [1, 4 + classes + coefficients, cells] and [1, coefficients, height / 4, width / 4]';

/** The two outputs: the one of rank 3 and the one of rank 4, or in the usual order if the file does not give ranks. */
function outputsOf(model: OnnxModel): [detections: Value, prototypes: Value] {
  const { outputs } = model;
  const rank = ({ shape }: Value, wanted: number): boolean => shape === undefined || shape.length === wanted;
  const [first, second] = outputs;
  if (outputs.length === 2 && first && second) {
    if (rank(first, 3) && rank(second, 4)) return [first, second];
    if (rank(first, 4) && rank(second, 3)) return [second, first];
  }
  throw foreign(model, TWO_OUTPUTS, shownOutputs(model));
}

/** Names and shapes of the outputs; ? is an extent that the file does not give. */
export function shownOutputs({ outputs }: OnnxModel): string {
  return (
    outputs
      .map(({ name, shape }) => `${name} [${shape?.map((extent) => extent || '?').join(', ') ?? '?'}]`)
      .join(', ') || 'none'
  );
}

/** Whether the outputs are boxes [1, Q, 4] and classes [1, Q, C] of a detector with queries. */
function isBoxesOnly({ outputs }: OnnxModel): boolean {
  const shapes = outputs.map(({ shape = [] }) => shape);
  const [first] = shapes;
  const alike = shapes.every(({ length, 1: queries }) => length === 3 && queries === first![1]);
  return outputs.length === 2 && alike && shapes.some(([, , channels]) => channels === 4);
}

/** An extent that the file does not give matches any. */
function agree(found: readonly (number | undefined)[], wanted: readonly number[]): boolean {
  return wanted.every((extent, i) => !found[i] || found[i] === extent);
}

/** The levels' strides: those that result in the number of cells, else from the export's largest stride, else from 8 up. */
function stridesOf(model: OnnxModel, count: number, cells: number, width: number, height: number): number[] {
  const size = { width, height };
  const choices = strideSeries(count, size);
  const largest = Number(model.metadata.get('stride') ?? NaN);
  const strides = cells
    ? choices.find((choice) => cellCount(choice, size) === cells)
    : (choices.find((choice) => choice.at(-1) === largest) ?? choices[0]);
  if (strides) return strides;
  throw foreign(
    model,
    `${count} levels, each with twice the stride of the one before, for an input of ${width}x${height}`,
    cells ? `${cells} cells` : 'a size that they do not divide',
  );
}

/** @throws ExpectationError when the model does not have one input, a picture of fixed size in color */
export function imageInput(model: OnnxModel): { input: Value; width: number; height: number } {
  const [input] = model.fedInputs;
  const found = model.fedInputs
    .map(
      ({ name, elementType, shape }) => `${name}: ${elementName(elementType)} [${shape?.join(', ') ?? '?'}]`,
    )
    .join('; ');
  const expected = 'one image input [1, 3, height, width] of fixed size, multiples of 32,';
  if (!input?.shape || model.fedInputs.length !== 1 || input.shape.length !== 4) {
    throw foreign(model, expected, found || 'none');
  }
  const [batch, channels, height, width] = input.shape as [number, number, number, number];
  if (batch !== 1 || channels !== 3 || !(height > 0) || !(width > 0) || height % 32 || width % 32) {
    throw foreign(model, expected, found, inputHint(input.shape));
  }
  return { input, width, height };
}

/** What is wrong with an image input of these extents; 0 stands for one that is not fixed. */
export function inputHint(shape: readonly number[]): string {
  const [batch = 0, channels = 0, height = 0, width = 0] = shape;
  if (batch === 0 || height === 0 || width === 0) {
    return 'Its size is not fixed: export it with dynamic=False and batch=1.';
  }
  if (width === 3) return "Its channels come last: export it for PyTorch's order, channels first.";
  if (channels !== 3) {
    const count = channels === 1 ? 'one channel (grayscale)' : `${channels} channels`;
    return `The input has ${count} and three are needed, red, green and blue: train the model on color pictures.`;
  }
  if (batch !== 1) return `It takes ${batch} pictures at once: export it with batch=1.`;
  return 'Its size is not a multiple of 32: export it with an imgsz in steps of 32.';
}

const QUANTIZED = /^(Quantize|Dequantize|DynamicQuantize)Linear$|^QLinear|^(Conv|MatMul)Integer$/;

/** The first node that computes with integers, if any. */
export function quantizedNode({ nodes }: OnnxModel): Node | undefined {
  return nodes.find(({ opType }) => QUANTIZED.test(opType));
}

/** @throws ExpectationError when the graph computes with integers: its heads would be cut without their scales */
function expectFloatGraph(model: OnnxModel): void {
  const quantized = quantizedNode(model);
  if (!quantized) return;
  throw new ExpectationError(
    `a model in single or half precision in ${model.file.path}`,
    `a quantized one (${quantized.opType} ${quantized.name})`,
    'Give the export from before its quantization: yolo export format=onnx int8=False.',
  );
}
