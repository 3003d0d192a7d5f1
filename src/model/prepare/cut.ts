import { ExpectationError } from '../../base/expect.js';
import { type CutPoint, type CutPoints, findCutPoints } from '../onnx/cut-points.js';
import { headsOf, withModel } from '../onnx/model-form.js';
import { formOf } from '../onnx/output-form.js';
import {
  ELEMENT,
  elementName,
  GRAPH,
  MODEL,
  type Node,
  NODE,
  type OnnxModel,
  OPSET,
  rewrite,
  TENSOR,
} from '../onnx/onnx-model.js';
import { EMPTY_TENSOR, intAttribute, intsAttribute, lowerNode, MAPPER_OPSET } from '../onnx/opset11.js';
import { type Chunk, integerField, messageField, textField, writeChunks } from '../onnx/wire.js';

export interface CutOptions {
  /** Rewrite the operators for this operator set; only 11, the mapper's, is supported. @default unchanged */
  opset?: number | undefined;
}

export interface CutReport {
  /** False if the model already had its ten heads. Then nothing was written, unless an opset was requested. */
  readonly wasStock: boolean;
  /** Output of the stock model: detections of all cells, or selected instances. */
  readonly form: CutPoints['form'];
  readonly inputWidth: number;
  readonly inputHeight: number;
  readonly classCount: number;
  /** Operator set of the stock model and of the result. */
  readonly opset: { readonly from: number; readonly to: number };
  /** Whether the stock model computes in half precision. */
  readonly half: boolean;
  readonly nodes: { readonly from: number; readonly to: number };
  /** The outputs in order. */
  readonly heads: readonly HeadOutput[];
  readonly metadata: ReadonlyMap<string, string>;
}

/** One output of the cut model: float32 [1, height, width, channels]. */
export interface HeadOutput {
  readonly name: string;
  readonly shape: readonly [1, number, number, number];
  /** The value of the stock graph that it comes from. */
  readonly value: string;
}

/**
 * Cuts a stock Ultralytics export before its decoding part into the ten heads that the BPU and our decoder expect: NHWC, float32, in
 * the order of D-Robotics' YOLOv8-seg page: mc8, mc16, mc32, box8, box16, box32, cls8, cls16, cls32, proto.
 *
 * Nodes and weights before the cut are copied byte by byte, including unknown fields; everything behind it is dropped.
 * Memory does not grow with the weights.
 *
 * @param path the stock model
 * @param output the file to write; nothing is written if the model is already cut and no opset is requested
 * @throws ExpectationError when the model cannot be cut, saying what was expected
 */
export function cutModel(path: string, output: string, options: CutOptions = {}): CutReport {
  const { opset } = options;
  if (opset !== undefined && opset !== MAPPER_OPSET) {
    throw new ExpectationError(`${MAPPER_OPSET} for the opset`, opset, 'The mapper accepts no other.');
  }
  return withModel(path, (model) => {
    if (opset !== undefined && model.opset < opset) {
      throw new ExpectationError(
        `a model of opset ${opset} or newer`,
        `opset ${model.opset}`,
        'Export it again with this opset: opset=11.',
      );
    }
    if (formOf(model) === 'heads') return alreadyCut(model);
    const points = findCutPoints(model);
    const plan = new CutPlan(model, points, opset);
    writeChunks(output, plan.chunks(), model.file);
    return plan.report();
  });
}

function alreadyCut(model: OnnxModel): CutReport {
  const { width, height, layout } = headsOf(model);
  return {
    wasStock: false,
    form: 'detections',
    inputWidth: width,
    inputHeight: height,
    classCount: layout.classCount,
    opset: { from: model.opset, to: model.opset },
    half: false,
    nodes: { from: model.nodes.length, to: model.nodes.length },
    heads: model.outputs.map(({ name, shape }) => ({
      name,
      shape: shape as unknown as HeadOutput['shape'],
      value: name,
    })),
    metadata: model.metadata,
  };
}

/** A kept node, in the form in which it is written. */
interface KeptNode {
  readonly node: Node;
  readonly inputs: readonly string[];
  readonly field: readonly Chunk[];
}

class CutPlan {
  readonly #heads: readonly { output: HeadOutput; elementType: number }[];
  readonly #kept: readonly KeptNode[];
  readonly #live: ReadonlySet<string>;
  /** Name of the half precision copy of the input, if the model needs one. */
  readonly #halfInput: string | undefined;

  constructor(
    private readonly model: OnnxModel,
    private readonly points: CutPoints,
    private readonly opset: number | undefined,
  ) {
    const type = points.input.elementType;
    if (type !== ELEMENT.float32 && type !== ELEMENT.float16) {
      throw new ExpectationError(
        'an input of float32 or float16',
        elementName(type),
        'Export it without int8.',
      );
    }
    this.#halfInput = type === ELEMENT.float16 ? this.#unused(`${points.input.name}_float16`) : undefined;
    this.#heads = this.#nameHeads();
    const { kept, live } = this.#keep();
    this.#kept = kept;
    this.#live = live;
    for (const tensor of model.initializers.values()) {
      if (tensor.external && live.has(tensor.name)) {
        throw new ExpectationError(
          'weights inside the ONNX file',
          `${tensor.name} in a file beside it`,
          'Export it again, or load and save it with onnx.save_model(..., save_as_external_data=False).',
        );
      }
    }
  }

  report(): CutReport {
    const { model, points } = this;
    return {
      wasStock: true,
      form: points.form,
      inputWidth: points.inputWidth,
      inputHeight: points.inputHeight,
      classCount: points.classCount,
      opset: { from: model.opset, to: this.opset ?? model.opset },
      half: this.#heads.some(({ elementType }) => elementType === ELEMENT.float16),
      nodes: { from: model.nodes.length, to: this.#kept.length + this.#endNodes().length },
      heads: this.#heads.map(({ output }) => output),
      metadata: model.metadata,
    };
  }

  /** All chunks of the file. */
  chunks(): Chunk[] {
    const { model } = this;
    const opsets = [...model.opsets].flatMap(([domain, version]) =>
      messageField(MODEL.opsetImport, [
        ...(domain === '' ? [] : textField(OPSET.domain, domain)),
        ...integerField(OPSET.version, domain === '' ? (this.opset ?? version) : version),
      ]),
    );
    return [...model.otherFields, ...opsets, ...messageField(MODEL.graph, this.#graph())];
  }

  #graph(): Chunk[] {
    const { model } = this;
    const isLive = ({ name }: { name: string }): boolean => this.#live.has(name);
    const { input } = this.points;
    const inputs = this.#halfInput
      ? valueInfo(GRAPH.input, input.name, [1, 3, this.points.inputHeight, this.points.inputWidth])
      : [input.whole];
    const listed = model.inputs.filter((value) => model.initializers.has(value.name) && isLive(value));
    const chunks: Chunk[] = [
      ...(this.#halfInput ? cast(input.name, this.#halfInput, ELEMENT.float16) : []),
      ...this.#kept.flatMap(({ field }) => field),
      ...this.#endNodes().flat(),
      ...model.otherGraphFields,
      ...[...model.initializers.values()].filter(isLive).map(({ whole }) => whole),
      ...inputs,
      ...listed.map(({ whole }) => whole),
      ...this.#heads.flatMap(({ output }) => valueInfo(GRAPH.output, output.name, output.shape)),
      ...model.valueInfo.filter(isLive).map(({ whole }) => whole),
    ];
    if (this.#live.has(EMPTY_TENSOR)) {
      const empty = [
        ...integerField(TENSOR.dims, 0),
        ...integerField(TENSOR.dataType, ELEMENT.float32),
        ...textField(TENSOR.name, EMPTY_TENSOR),
      ];
      chunks.push(...messageField(GRAPH.initializer, empty));
    }
    return chunks;
  }

  /** NCHW to NHWC, and half to single precision. */
  #endNodes(): Chunk[][] {
    return this.#heads.flatMap(({ output: { name, value }, elementType }) => {
      if (elementType === ELEMENT.float32) return [transpose(value, name)];
      const half = this.#unused(`${name}_float16`);
      return [transpose(value, half), cast(half, name, ELEMENT.float32)];
    });
  }

  #nameHeads(): { output: HeadOutput; elementType: number }[] {
    const { coefficient, box, class: cls, proto } = this.points;
    const named: [string, CutPoint][] = [
      ...coefficient.map((point): [string, CutPoint] => [`mc${this.#stride(point)}`, point]),
      ...box.map((point): [string, CutPoint] => [`box${this.#stride(point)}`, point]),
      ...cls.map((point): [string, CutPoint] => [`cls${this.#stride(point)}`, point]),
      ['proto', proto],
    ];
    return named.map(([name, { value, channels, height, width, elementType }]) => {
      if (elementType !== ELEMENT.float32 && elementType !== ELEMENT.float16) {
        throw new ExpectationError(
          'heads of float32 or float16',
          `${name}: ${elementName(elementType)}`,
          'Export it again without quantization: the mapper does that itself.',
        );
      }
      const output: HeadOutput = { name: this.#unused(name), shape: [1, height, width, channels], value };
      return { output, elementType };
    });
  }

  #stride(point: CutPoint): number {
    return this.points.inputHeight / point.height;
  }

  /** A value name that the stock graph does not use. */
  #unused(name: string): string {
    const { producers, initializers, inputs } = this.model;
    const taken =
      producers.has(name) || initializers.has(name) || inputs.some((input) => input.name === name);
    return taken ? this.#unused(`${name}_`) : name;
  }

  /** The nodes that the heads need, found by walking backward from them. */
  #keep(): { kept: KeptNode[]; live: Set<string> } {
    const live = new Set<string>();
    const byNode = new Map<Node, KeptNode>();
    const stack = this.#heads.map(({ output }) => output.value);
    for (let value = stack.pop(); value !== undefined; value = stack.pop()) {
      if (value === '' || live.has(value)) continue;
      live.add(value);
      const node = this.model.producers.get(value);
      if (!node || byNode.has(node)) continue;
      const kept = this.#write(node);
      byNode.set(node, kept);
      stack.push(...kept.inputs);
    }
    return { kept: this.model.nodes.flatMap((node) => byNode.get(node) ?? []), live };
  }

  #write(node: Node): KeptNode {
    if ([...node.attributes.values()].some(({ hasGraph }) => hasGraph)) {
      throw new ExpectationError(
        'a graph without branches and loops before its heads',
        `${node.opType} ${node.name}`,
        'Export it with simplify=True and dynamic=False.',
      );
    }
    const lowers = this.opset !== undefined && this.opset !== this.model.opset;
    const lowered = lowers ? lowerNode(this.model, node) : undefined;
    const { name } = this.points.input;
    const inputs = lowered?.inputs ?? node.inputs;
    if (!lowered && !(this.#halfInput && inputs.includes(name))) return { node, inputs, field: [node.whole] };
    const renamed = inputs.map((input) => (input === name ? (this.#halfInput ?? input) : input));
    const rest = rewrite(this.model.file, node.span, ({ number }) =>
      number === NODE.input || (lowered && number === NODE.attribute) ? [] : undefined,
    );
    const message = [
      ...renamed.flatMap((input) => textField(NODE.input, input)),
      ...rest,
      ...(lowered?.attributes ?? []),
    ];
    return { node, inputs, field: messageField(GRAPH.node, message) };
  }
}

function transpose(from: string, to: string): Chunk[] {
  return newNode('Transpose', from, to, intsAttribute('perm', [0, 2, 3, 1]));
}

function cast(from: string, to: string, elementType: number): Chunk[] {
  return newNode('Cast', from, to, intAttribute('to', elementType));
}

function newNode(opType: string, from: string, to: string, attribute: Chunk[]): Chunk[] {
  return messageField(GRAPH.node, [
    ...textField(NODE.input, from),
    ...textField(NODE.output, to),
    ...textField(NODE.name, `tros_yolo_seg/${opType}/${to}`),
    ...textField(NODE.opType, opType),
    ...attribute,
  ]);
}

/** A ValueInfoProto of float32. */
function valueInfo(number: number, name: string, shape: readonly number[]): Chunk[] {
  const dims = shape.flatMap((extent) => messageField(1, integerField(1, extent)));
  const tensor = messageField(1, [...integerField(1, ELEMENT.float32), ...messageField(2, dims)]);
  return messageField(number, [...textField(1, name), ...messageField(2, tensor)]);
}
