import { ExpectationError } from '../expect.js';
import { elementName, type Node, type OnnxModel, type StoredTensor, type Value } from './onnx-model.js';

/** A tensor at which the graph is cut: [1, channels, height, width]. */
export interface CutPoint {
  /** The value in the stock graph. */
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
  /** Graph output that holds boxes, scores and coefficients of all cells. */
  readonly detections: Value;
  /** Graph output that holds the prototypes. */
  readonly prototypes: Value;
  readonly box: readonly CutPoint[];
  readonly class: readonly CutPoint[];
  readonly coefficient: readonly CutPoint[];
  readonly proto: CutPoint;
  readonly classCount: number;
  readonly regMax: number;
}

/** Of the finest level: 8 as a rule, 4 with P2. Each level has twice the stride of the one before. */
const FIRST_STRIDES = [8, 4, 16, 2] as const;
const MOST_LEVELS = 8;
const PROTO_STRIDE = 4;

/** What the graph does to a convolution's output on the way to the detections. */
interface Path {
  /** Softmax: the DFL of the boxes. */
  readonly softmax: boolean;
  readonly sigmoid: boolean;
  /** Anchors and strides are added and multiplied. */
  readonly arithmetic: boolean;
  /** The channels that are used, [from, to), after a Split or Slice; undefined means all. */
  readonly channels: readonly [number, number] | undefined;
}

/** Operators that pass their first input on, with the channels where they were. */
const PASSES_ON = new Set([
  'Identity',
  'Cast',
  'Reshape',
  'Flatten',
  'Squeeze',
  'Unsqueeze',
  'Transpose',
  'Expand',
]);
const ARITHMETIC = new Set(['Add', 'Sub', 'Mul', 'Div']);

/**
 * Finds where a stock export has to be cut, from the graph's structure alone; names of nodes do not matter.
 *
 * From the output [1, 4 + C + K, cells] every way back to a convolution is followed. The convolutions whose outputs go
 * through a sigmoid are the class heads; through softmax (DFL), or anchors and strides, the box heads; unchanged, the
 * coefficients. Their order is that of the concatenated cells, strides 8, 16, 32. Both layouts of Ultralytics are
 * understood: box and class heads concatenated level by level and split later (up to 8.3), or role by role.
 *
 * @throws ExpectationError that says what was looked for and what was found
 */
export function findCutPoints(model: OnnxModel): CutPoints {
  const { input, width, height } = imageInput(model);
  expectFloatGraph(model);
  const [detections, prototypes] = outputsOf(model);

  const found = new HeadWalk(model).from(detections.name);
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
      isEndToEnd(model, detections)
        ? 'An end-to-end export (YOLO26) of this form cannot be cut; export it with end2end=False.'
        : undefined,
    );
  }
  const [, rows, cells] = extents(detections, 3);
  const strides = stridesOf(model, count, cells, width, height);
  const level = (role: keyof Heads): CutPoint[] =>
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
  const coefficient = level('coefficient');
  const k = coefficient[0]!.channels;
  const points = {
    input,
    inputWidth: width,
    inputHeight: height,
    detections,
    prototypes,
    box: level('box'),
    class: level('class'),
    coefficient,
    proto: {
      value: prototypes.name,
      channels: k,
      height: height / PROTO_STRIDE,
      width: width / PROTO_STRIDE,
      elementType: prototypes.elementType,
    },
  };
  const classCount = points.class[0]!.channels;
  const regMax = points.box[0]!.channels / 4;
  const allCells = points.box.reduce((sum, point) => sum + point.height * point.width, 0);
  const wanted = [4 + classCount + k, allCells];
  const protoWanted = [k, points.proto.height, points.proto.width];
  const fits =
    points.class.every(({ channels }) => channels === classCount) &&
    points.box.every(({ channels }) => channels === 4 * regMax) &&
    points.coefficient.every(({ channels }) => channels === k) &&
    Number.isInteger(regMax) &&
    agree([rows, cells], wanted) &&
    agree(extents(prototypes, 4).slice(1), protoWanted);
  if (!fits) {
    const shown = ({ shape }: Value): string =>
      `[${shape?.map((extent) => extent || '?').join(', ') ?? '?'}]`;
    throw foreign(
      model,
      `heads that agree: [1, ${wanted.join(', ')}] and [1, ${protoWanted.join(', ')}] for strides ${strides.join(', ')}`,
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

/** The two outputs: that of rank 3 and that of rank 4, or in the usual order where the file does not tell ranks. */
function outputsOf(model: OnnxModel): [detections: Value, prototypes: Value] {
  const { outputs } = model;
  const rank = ({ shape }: Value, wanted: number): boolean => shape === undefined || shape.length === wanted;
  const [first, second] = outputs;
  if (outputs.length === 2 && first && second) {
    if (rank(first, 3) && rank(second, 4)) return [first, second];
    if (rank(first, 4) && rank(second, 3)) return [second, first];
  }
  throw foreign(
    model,
    'two outputs, [1, 4 + classes + coefficients, cells] and [1, coefficients, height / 4, width / 4]',
    outputs.map(({ name, shape }) => `${name} [${shape?.join(', ') ?? '?'}]`).join(', ') || 'none',
  );
}

/** Extents of an output; 0 where the file has names for them, or nothing. */
function extents({ shape }: Value, rank: number): number[] {
  return shape?.length === rank ? [...shape] : new Array<number>(rank).fill(0);
}

/** An extent that the file does not tell agrees with any. */
function agree(found: readonly (number | undefined)[], wanted: readonly number[]): boolean {
  return wanted.every((extent, i) => !found[i] || found[i] === extent);
}

/** The levels' strides: what gives the number of cells, else what the export notes as its largest, else 8 and up. */
function stridesOf(
  model: OnnxModel,
  count: number,
  cells: number | undefined,
  width: number,
  height: number,
): number[] {
  const series = (first: number): number[] => Array.from({ length: count }, (_, i) => first * 2 ** i);
  const choices = FIRST_STRIDES.map(series).filter((strides) =>
    strides.every((stride) => width % stride === 0 && height % stride === 0),
  );
  const largest = Number(model.metadata.get('stride') ?? NaN);
  const strides = cells
    ? choices.find(
        (choice) => choice.reduce((sum, stride) => sum + (width / stride) * (height / stride), 0) === cells,
      )
    : (choices.find((choice) => choice.at(-1) === largest) ?? choices[0]);
  if (strides) return strides;
  throw foreign(
    model,
    `${count} levels, each with twice the stride of the one before, for an input of ${width}x${height}`,
    cells ? `${cells} cells` : 'a size that they do not divide',
  );
}

function imageInput(model: OnnxModel): { input: Value; width: number; height: number } {
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

/** What is wrong with an image input of these extents, 0 for those that are not fixed. */
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
  return 'Its size is no multiple of 32: export it with an imgsz in steps of 32.';
}

const QUANTIZED = /^(Quantize|Dequantize|DynamicQuantize)Linear$|^QLinear|^(Conv|MatMul)Integer$/;

/** @throws ExpectationError when the graph computes with integers: its heads would be cut without their scales */
function expectFloatGraph(model: OnnxModel): void {
  const quantized = model.nodes.find(({ opType }) => QUANTIZED.test(opType));
  if (!quantized) return;
  throw new ExpectationError(
    `a model in single or half precision in ${model.file.path}`,
    `a quantized one (${quantized.opType} ${quantized.name})`,
    'Give the export from before its quantization: yolo export format=onnx int8=False.',
  );
}

/** [1, N, 6 + K] with few rows: boxes are chosen inside the graph. */
function isEndToEnd(model: OnnxModel, { shape }: Value): boolean {
  return (shape?.[1] ?? 0) > (shape?.[2] ?? 0) || model.nodes.some(({ opType }) => opType === 'TopK');
}

function foreign(model: OnnxModel, expected: string, found: string, hint?: string): ExpectationError {
  return new ExpectationError(
    `${expected} in ${model.file.path}`,
    found,
    hint ??
      'Give a stock segmentation export (YOLOv8-seg, YOLOv9-seg, YOLO11-seg): yolo export model=X-seg.pt format=onnx. ' +
        'Exports with nms=True or other tasks cannot be cut.',
  );
}

interface Heads {
  readonly class: Node[];
  readonly box: Node[];
  readonly coefficient: Node[];
}

/** Walks from the detections back to the convolutions of the heads. */
class HeadWalk {
  readonly #heads: Heads = { class: [], box: [], coefficient: [] };
  readonly #seen = new Set<string>();

  constructor(private readonly model: OnnxModel) {}

  from(output: string): Heads {
    this.#walk(output, { softmax: false, sigmoid: false, arithmetic: false, channels: undefined });
    return this.#heads;
  }

  /** The ways are followed with a stack of their own, the first input first, so that levels keep their order. */
  #walk(output: string, start: Path): void {
    const stack: [string, Path][] = [[output, start]];
    for (let next = stack.pop(); next; next = stack.pop()) {
      const [value, path] = next;
      const key = JSON.stringify(next);
      const node = this.model.producers.get(value);
      if (!node || this.#seen.has(key)) continue;
      this.#seen.add(key);
      if (node.opType === 'Conv' && !this.#isDfl(node)) this.#arrive(node, path);
      else stack.push(...this.#back(value, node, path).reverse());
    }
  }

  #back(value: string, node: Node, path: Path): [string, Path][] {
    const [first = ''] = node.inputs;
    const all = (changed: Path): [string, Path][] => node.inputs.map((name) => [name, changed]);
    const { opType } = node;
    if (opType === 'Sigmoid') return [[first, { ...path, sigmoid: true }]];
    // What was selected behind the DFL are box sides, no channels of the convolution.
    if (opType === 'Softmax') return [[first, { ...path, softmax: true, channels: undefined }]];
    if (opType === 'Conv') return [[first, { ...path, channels: undefined }]];
    if (ARITHMETIC.has(opType)) return all({ ...path, arithmetic: true });
    if (PASSES_ON.has(opType)) return [[first, path]];
    if (opType === 'Split' || opType === 'Slice') {
      const part = this.#part(value, node);
      return part === 'elsewhere' ? [[first, path]] : [[first, narrow(path, part)]];
    }
    if (opType === 'Concat') {
      if (this.#axis(node) !== 1 || !path.channels) return all(path);
      return this.#within(node, path, path.channels);
    }
    return [];
  }

  /** The inputs of a channel concatenation that overlap the used channels, with their share. */
  #within(node: Node, path: Path, [from, to]: readonly [number, number]): [string, Path][] {
    let offset = 0;
    const inputs: [string, Path][] = [];
    for (const name of node.inputs) {
      const count = this.#channelsOf(name);
      if (count === undefined) return node.inputs.map((input) => [input, { ...path, channels: undefined }]);
      const [low, high] = [Math.max(from - offset, 0), Math.min(to - offset, count)];
      if (low < high) {
        inputs.push([name, { ...path, channels: low === 0 && high === count ? undefined : [low, high] }]);
      }
      offset += count;
    }
    return inputs;
  }

  /** Channels that a Split's or Slice's output takes from its input; `elsewhere` when it works on another axis. */
  #part(value: string, node: Node): readonly [number, number] | 'elsewhere' {
    if (node.opType === 'Slice') {
      const [starts, ends, axes] = [1, 2, 3].map((i) => this.model.integers(node.inputs[i] ?? ''));
      return axes?.[0] === 1 && axes.length === 1 && starts && ends && starts[0]! >= 0
        ? [starts[0]!, ends[0]! < 0 ? Infinity : ends[0]!]
        : 'elsewhere';
    }
    if (this.#axis(node) !== 1) return 'elsewhere';
    const given = node.attributes.get('split')?.ints ?? this.model.integers(node.inputs[1] ?? '');
    const index = node.outputs.indexOf(value);
    let sizes = given;
    if (!sizes) {
      const total = this.#channelsOf(node.inputs[0] ?? '');
      if (total === undefined) return 'elsewhere';
      sizes = node.outputs.map(() => Math.ceil(total / node.outputs.length));
    }
    const from = sizes.slice(0, index).reduce((sum, size) => sum + size, 0);
    return [from, from + (sizes[index] ?? 0)];
  }

  /** Channels (axis 1) of a value, as far as the head's own operators tell. */
  #channelsOf(value: string): number | undefined {
    const node = this.model.producers.get(value);
    if (!node) return undefined;
    const [first = ''] = node.inputs;
    if (node.opType === 'Conv') return weightOf(this.model, node)?.dims[0];
    if (node.opType === 'Reshape') {
      const count = this.model.integers(node.inputs[1] ?? '')?.[1];
      return count !== undefined && count > 0 ? count : this.#channelsOf(first);
    }
    if (node.opType === 'Concat' && this.#axis(node) === 1) {
      const counts = node.inputs.map((name) => this.#channelsOf(name));
      return counts.reduce(
        (sum, count) => (sum === undefined || count === undefined ? undefined : sum + count),
        0,
      );
    }
    const keeps = ['Identity', 'Cast', 'Sigmoid', 'Concat'].includes(node.opType);
    return keeps ? this.#channelsOf(first) : undefined;
  }

  #axis(node: Node): number {
    return node.attributes.get('axis')?.int ?? 0;
  }

  /** The DFL's own convolution, a weighted sum over the bins behind a softmax. */
  #isDfl(node: Node): boolean {
    let producer = this.model.producers.get(node.inputs[0] ?? '');
    while (producer && PASSES_ON.has(producer.opType))
      producer = this.model.producers.get(producer.inputs[0] ?? '');
    return producer?.opType === 'Softmax';
  }

  #arrive(node: Node, { softmax, sigmoid, arithmetic }: Path): void {
    const role = sigmoid ? 'class' : softmax || arithmetic ? 'box' : 'coefficient';
    if (!weightOf(this.model, node)) {
      throw foreign(
        this.model,
        `constant weights for ${node.name || node.outputs[0]!}`,
        `${node.inputs[1] ?? 'none'}, computed at run time`,
        'Quantised exports cannot be cut; export it in single or half precision.',
      );
    }
    if (!this.#heads[role].includes(node)) this.#heads[role].push(node);
  }
}

function narrow(path: Path, [from, to]: readonly [number, number]): Path {
  const [low, high] = path.channels ?? [0, Infinity];
  return { ...path, channels: [from + low, Math.min(from + high, to)] };
}

function weightOf(model: OnnxModel, node: Node): StoredTensor | undefined {
  const weight = model.constant(node.inputs[1] ?? '');
  return weight && weight.dims.length === 4 ? weight : undefined;
}
