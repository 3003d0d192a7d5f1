import { ExpectationError } from '../../base/expect.js';
import { FIXED32, LENGTH_DELIMITED, type Chunk, type Field, type Span, type WireFile } from './wire.js';

/** Field numbers of onnx.proto3, message by message. */
export const MODEL = { irVersion: 1, producer: 2, graph: 7, opsetImport: 8, metadata: 14 } as const;
export const OPSET = { domain: 1, version: 2 } as const;
export const GRAPH = { node: 1, name: 2, initializer: 5, input: 11, output: 12, valueInfo: 13 } as const;
export const NODE = { input: 1, output: 2, name: 3, opType: 4, attribute: 5, domain: 7 } as const;
export const ATTRIBUTE = {
  name: 1,
  int: 3,
  text: 4,
  tensor: 5,
  graph: 6,
  ints: 8,
  graphs: 11,
  type: 20,
} as const;
export const TENSOR = {
  dims: 1,
  dataType: 2,
  floatData: 4,
  int32Data: 5,
  int64Data: 7,
  name: 8,
  rawData: 9,
  dataLocation: 14,
} as const;

/** Element types of tensors (TensorProto.DataType) that matter here. */
export const ELEMENT = { float32: 1, int32: 6, int64: 7, float16: 10 } as const;
const ELEMENT_NAMES: Readonly<Record<number, string>> = {
  1: 'float32',
  2: 'uint8',
  3: 'int8',
  5: 'int16',
  6: 'int32',
  7: 'int64',
  10: 'float16',
  11: 'float64',
  16: 'bfloat16',
};

export function elementName(type: number): string {
  return ELEMENT_NAMES[type] ?? `type ${type}`;
}

/** Constants up to this many bytes (shapes, axes, split sizes) are read; larger ones are weights. */
const LARGEST_SHAPE = 4096;

/** A tensor stored in the file; its payload is not read. */
export interface StoredTensor {
  readonly name: string;
  readonly dims: readonly number[];
  /** TensorProto.DataType. */
  readonly dataType: number;
  readonly external: boolean;
  readonly span: Span;
}

export interface Attribute {
  readonly name: string;
  readonly int: number | undefined;
  readonly text: string | undefined;
  readonly ints: readonly number[];
  readonly tensor: StoredTensor | undefined;
  readonly hasGraph: boolean;
  /** The field in its node, kept unchanged. */
  readonly whole: Span;
}

export interface Node {
  readonly name: string;
  readonly opType: string;
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, Attribute>;
  readonly whole: Span;
  readonly span: Span;
}

/** A graph input or output. */
export interface Value {
  readonly name: string;
  /** TensorProto.DataType, 0 if not given. */
  readonly elementType: number;
  /** Undefined if unknown; an extent that is not fixed is 0. */
  readonly shape: readonly number[] | undefined;
  readonly whole: Span;
}

/** A field that is kept unchanged, with the name that it depends on, if any. */
export interface NamedField {
  readonly name: string;
  readonly whole: Span;
}

/**
 * The structure of an ONNX file without its weights: nodes, shapes and the position of everything. It takes some hundred
 * kilobytes of memory, whatever the size of the file.
 */
export class OnnxModel {
  irVersion = 0;
  producer = '';
  /** Version of each operator set by domain; '' is ONNX's own. */
  readonly opsets = new Map<string, number>();
  readonly metadata = new Map<string, string>();
  /** Top-level fields in order, except the graph and the operator sets. */
  readonly otherFields: Span[] = [];
  /** Each node comes after those that make its inputs. */
  readonly nodes: Node[] = [];
  readonly initializers = new Map<string, StoredTensor & NamedField>();
  readonly inputs: Value[] = [];
  readonly outputs: Value[] = [];
  readonly valueInfo: NamedField[] = [];
  /** Other fields of the graph, kept unchanged. */
  readonly otherGraphFields: Span[] = [];
  /** The node that makes each value. */
  readonly producers = new Map<string, Node>();

  /** @throws ExpectationError when the file is not an ONNX model, or damaged */
  constructor(readonly file: WireFile) {
    const foreign = (what: string): ExpectationError =>
      new ExpectationError(
        'an ONNX model',
        `${file.path} with ${what}`,
        'Give a file made by: yolo export format=onnx.',
      );
    let graphs = 0;
    for (const field of file.fields({ start: 0, end: file.size })) {
      switch (field.number) {
        case MODEL.irVersion:
          this.irVersion = Number(field.varint);
          this.otherFields.push(field.whole);
          break;
        case MODEL.graph:
          if (field.wireType !== LENGTH_DELIMITED) throw foreign('an invalid graph');
          graphs++;
          this.#readGraph(field.payload);
          break;
        case MODEL.opsetImport: {
          const { text, integer } = this.#scalars(field.payload);
          this.opsets.set(text.get(OPSET.domain) ?? '', integer.get(OPSET.version) ?? 0);
          break;
        }
        default:
          if (field.number === MODEL.producer) this.producer = file.text(field.payload);
          if (field.number === MODEL.metadata) {
            const { text } = this.#scalars(field.payload);
            this.metadata.set(text.get(1) ?? '', text.get(2) ?? '');
          }
          this.otherFields.push(field.whole);
      }
    }
    if (graphs !== 1 || this.irVersion === 0) throw foreign(graphs === 1 ? 'no version' : `${graphs} graphs`);
    if (this.nodes.length === 0) throw foreign('no nodes');
    if (!this.opsets.has('')) throw foreign('no operator set of its own');
    for (const node of this.nodes) {
      for (const output of node.outputs) {
        if (output === '') continue;
        if (this.producers.has(output)) throw foreign(`two nodes that make ${output}`);
        this.producers.set(output, node);
      }
    }
    const loop = this.#sort();
    if (loop !== undefined) throw foreign(`nodes that depend on each other to make ${loop}`);
  }

  /**
   * Sorts nodes so that each comes after those that it needs, otherwise in the order of the file. ONNX requires that order,
   * but converters to half precision do not keep it and ONNX Runtime does not check it.
   *
   * @returns a value within a cycle, if there is one
   */
  #sort(): string | undefined {
    const sorted: Node[] = [];
    const state = new Map<Node, 'open' | 'done'>();
    for (const first of this.nodes) {
      const stack: { node: Node; next: number }[] = state.has(first) ? [] : [{ node: first, next: 0 }];
      if (stack.length > 0) state.set(first, 'open');
      for (let top = stack.at(-1); top; top = stack.at(-1)) {
        const input = top.node.inputs[top.next++];
        if (input === undefined) {
          state.set(top.node, 'done');
          sorted.push(top.node);
          stack.pop();
          continue;
        }
        const producer = this.producers.get(input);
        const known = producer && state.get(producer);
        if (known === 'open') return input;
        if (!producer || known) continue;
        state.set(producer, 'open');
        stack.push({ node: producer, next: 0 });
      }
    }
    this.nodes.splice(0, this.nodes.length, ...sorted);
    return undefined;
  }

  /** Version of ONNX's own operators. */
  get opset(): number {
    return this.opsets.get('')!;
  }

  /** The real inputs of the graph; older files list the weights among the inputs, too. */
  get fedInputs(): Value[] {
    return this.inputs.filter(({ name }) => !this.initializers.has(name));
  }

  /** The stored tensor behind a value: an initializer or the output of a Constant. */
  constant(name: string): StoredTensor | undefined {
    const stored = this.initializers.get(name);
    if (stored) return stored;
    const node = this.producers.get(name);
    if (node?.opType === 'Identity') return this.constant(node.inputs[0] ?? '');
    return node?.opType === 'Constant' ? node.attributes.get('value')?.tensor : undefined;
  }

  /** The numbers of a small integer constant; undefined if it is not one. */
  integers(name: string): number[] | undefined {
    const tensor = this.constant(name);
    if (!tensor || tensor.external) return undefined;
    if (tensor.span.end - tensor.span.start > LARGEST_SHAPE) return undefined;
    if (tensor.dataType !== ELEMENT.int64 && tensor.dataType !== ELEMENT.int32) return undefined;
    const values: bigint[] = [];
    for (const field of this.file.fields(tensor.span)) {
      if (field.number === TENSOR.int64Data || field.number === TENSOR.int32Data)
        values.push(...this.file.integers(field));
      if (field.number === TENSOR.rawData) {
        const raw = this.file.bytes(field.payload);
        const size = tensor.dataType === ELEMENT.int64 ? 8 : 4;
        for (let at = 0; at + size <= raw.length; at += size) {
          values.push(size === 8 ? raw.readBigInt64LE(at) : BigInt(raw.readInt32LE(at)));
        }
      }
    }
    return values.map(Number);
  }

  #readGraph(span: Span): void {
    for (const field of this.file.fields(span)) {
      switch (field.number) {
        case GRAPH.node:
          this.nodes.push(this.#readNode(field));
          break;
        case GRAPH.initializer: {
          const tensor = this.#readTensor(field.payload);
          this.initializers.set(tensor.name, { ...tensor, whole: field.whole });
          break;
        }
        case GRAPH.input:
          this.inputs.push(this.#readValue(field));
          break;
        case GRAPH.output:
          this.outputs.push(this.#readValue(field));
          break;
        case GRAPH.valueInfo:
          this.valueInfo.push({ name: this.#scalars(field.payload).text.get(1) ?? '', whole: field.whole });
          break;
        default:
          this.otherGraphFields.push(field.whole);
      }
    }
  }

  #readNode(field: Field): Node {
    const inputs: string[] = [];
    const outputs: string[] = [];
    const attributes = new Map<string, Attribute>();
    let [name, opType, domain] = ['', '', ''];
    for (const part of this.file.fields(field.payload)) {
      if (part.number === NODE.input) inputs.push(this.file.text(part.payload));
      else if (part.number === NODE.output) outputs.push(this.file.text(part.payload));
      else if (part.number === NODE.name) name = this.file.text(part.payload);
      else if (part.number === NODE.opType) opType = this.file.text(part.payload);
      else if (part.number === NODE.domain) domain = this.file.text(part.payload);
      else if (part.number === NODE.attribute) {
        const attribute = this.#readAttribute(part);
        attributes.set(attribute.name, attribute);
      }
    }
    return { name, opType, domain, inputs, outputs, attributes, whole: field.whole, span: field.payload };
  }

  #readAttribute(field: Field): Attribute {
    let [name, hasGraph] = ['', false];
    let [int, text]: [number | undefined, string | undefined] = [undefined, undefined];
    let tensor: StoredTensor | undefined;
    const ints: number[] = [];
    for (const part of this.file.fields(field.payload)) {
      if (part.number === ATTRIBUTE.name) name = this.file.text(part.payload);
      else if (part.number === ATTRIBUTE.int) int = Number(BigInt.asIntN(64, part.varint));
      else if (part.number === ATTRIBUTE.text) text = this.file.text(part.payload);
      else if (part.number === ATTRIBUTE.ints) ints.push(...this.file.integers(part).map(Number));
      else if (part.number === ATTRIBUTE.tensor) tensor = this.#readTensor(part.payload);
      else if (part.number === ATTRIBUTE.graph || part.number === ATTRIBUTE.graphs) hasGraph = true;
    }
    return { name, int, text, ints, tensor, hasGraph, whole: field.whole };
  }

  #readTensor(span: Span): StoredTensor {
    const dims: number[] = [];
    let [name, dataType, external] = ['', 0, false];
    for (const field of this.file.fields(span)) {
      if (field.number === TENSOR.dims) dims.push(...this.file.integers(field).map(Number));
      else if (field.number === TENSOR.dataType) dataType = Number(field.varint);
      else if (field.number === TENSOR.name) name = this.file.text(field.payload);
      else if (field.number === TENSOR.dataLocation) external = field.varint === 1n;
    }
    return { name, dims, dataType, external, span };
  }

  /** ValueInfoProto { name = 1, type = 2 { tensor_type = 1 { elem_type = 1, shape = 2 { dim = 1 { dim_value = 1 }}}}}. */
  #readValue(field: Field): Value {
    let [name, elementType] = ['', 0];
    let shape: number[] | undefined;
    for (const part of this.file.fields(field.payload)) {
      if (part.number === 1) name = this.file.text(part.payload);
      if (part.number !== 2) continue;
      for (const kind of this.file.fields(part.payload)) {
        if (kind.number !== 1) continue;
        for (const item of this.file.fields(kind.payload)) {
          if (item.number === 1) elementType = Number(item.varint);
          if (item.number !== 2) continue;
          shape = [];
          for (const dim of this.file.fields(item.payload)) {
            if (dim.number === 1) shape.push(this.#scalars(dim.payload).integer.get(1) ?? 0);
          }
        }
      }
    }
    return { name, elementType, shape, whole: field.whole };
  }

  /** Strings and integers of a flat message, by field number. */
  #scalars(span: Span): { text: Map<number, string>; integer: Map<number, number> } {
    const text = new Map<number, string>();
    const integer = new Map<number, number>();
    for (const field of this.file.fields(span)) {
      if (field.wireType === LENGTH_DELIMITED && field.payload.end - field.payload.start <= 1 << 20) {
        text.set(field.number, this.file.text(field.payload));
      } else if (field.wireType !== FIXED32)
        integer.set(field.number, Number(BigInt.asIntN(64, field.varint)));
    }
    return { text, integer };
  }
}

/** The fields of a message, some replaced: `change` returns what to write instead, or undefined to keep the field. */
export function rewrite(
  file: WireFile,
  message: Span,
  change: (field: Field) => readonly Chunk[] | undefined,
): Chunk[] {
  return [...file.fields(message)].flatMap((field) => change(field) ?? [field.whole]);
}
