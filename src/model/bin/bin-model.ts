import { ExpectationError } from '../../base/expect.js';
import { type Field, LENGTH_DELIMITED, type Span, VARINT, WireFile } from '../onnx/wire.js';

/**
 * Field numbers of a .bin, message by message. The format is not published; it was derived from models that hb_mapper 1.24
 * made for RDK X5 (docs/bin-format.md).
 */
export const BIN = { graph: 5, metadata: 6 } as const;
export const GRAPH = { node: 1, name: 2, initializer: 3, input: 4, output: 5, valueInfo: 6 } as const;
export const NODE = { input: 1, output: 2, name: 3, opType: 4, attribute: 5 } as const;
export const VALUE = { name: 1, type: 2 } as const;
/** Of a value's type and of an initializer. */
export const TYPE = { element: 1, dims: 2 } as const;
export const INITIALIZER = { type: 1, floats: 2, bytes: 5, name: 8 } as const;
export const METADATA = { entry: 1, key: 1, value: 2 } as const;

/** The initializer that holds the compiled program: nearly the whole file. */
const PROGRAM = 'PACKED_HBM_MODEL';
/** Upper bounds of any such model; a file that exceeds them is damaged. */
const MOST = { nodes: 10_000, values: 20_000, entries: 10_000, dimensions: 8, scales: 1 << 16 } as const;
const LARGEST_EXTENT = 2 ** 31 - 1;

export interface BinNode {
  readonly name: string;
  readonly opType: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly field: Field;
}

/** An input, an output or an inner tensor. */
export interface BinValue {
  readonly name: string;
  /** ONNX's number (TensorProto.DataType): 1 float32, 3 int8, 5 int16, 6 int32. */
  readonly elementType: number;
  readonly shape: readonly number[];
  readonly field: Field;
}

export interface BinInitializer {
  readonly name: string;
  readonly elementType: number;
  /** Position of its values in the file. */
  readonly payloads: readonly Field[];
  readonly field: Field;
}

/** The compiled program, as described by its first bytes. */
export interface BinProgram {
  /** For example B2E. */
  readonly kind: string;
  readonly bytes: number;
}

/**
 * The graph and metadata of a quantized model for the BPU (.bin of RDK X5 and X3). The compiled program stays on disk, so
 * memory does not grow with the model.
 */
export class BinModel {
  /** Name under which libdnn lists the model. */
  name = '';
  /** Top-level fields in order. */
  readonly fields: Field[] = [];
  /** Fields of the graph, in order. */
  readonly graphFields: Field[] = [];
  readonly nodes: BinNode[] = [];
  readonly initializers = new Map<string, BinInitializer>();
  readonly inputs: BinValue[] = [];
  readonly outputs: BinValue[] = [];
  /** Inner tensors by name. */
  readonly values = new Map<string, BinValue>();
  readonly metadata = new Map<string, string>();
  /** Entries of the metadata in order, by key. */
  readonly metadataFields: { readonly key: string; readonly field: Field }[] = [];

  /** @throws ExpectationError when the file is not such a model, or damaged */
  constructor(readonly file: WireFile) {
    this.#expectNoOther();
    let [graphs, lists] = [0, 0];
    for (const field of file.fields({ start: 0, end: file.size })) {
      this.fields.push(field);
      if (this.fields.length > 1000) throw this.#foreign('a thousand fields');
      if (field.wireType !== LENGTH_DELIMITED) continue;
      if (field.number === BIN.graph) {
        graphs++;
        if (graphs === 1) this.#readGraph(field.payload);
      } else if (field.number === BIN.metadata) {
        if (++lists > 1) throw this.#foreign('two lists of metadata');
        this.#readMetadata(field.payload);
      }
    }
    if (graphs !== 1) throw this.#foreign(graphs === 0 ? 'no graph' : `${graphs} graphs`);
    const counts = [this.nodes.length, this.inputs.length, this.outputs.length];
    if (counts.includes(0)) {
      throw this.#foreign(`${counts[0]} nodes, ${counts[1]} inputs and ${counts[2]} outputs`);
    }
    const names = [...this.inputs, ...this.outputs].map(({ name }) => name);
    if (new Set(names).size < names.length) throw this.#foreign('two inputs or outputs of the same name');
  }

  /** The compiled program; undefined if there is none. */
  get program(): BinProgram | undefined {
    const [payload] = this.initializers.get(PROGRAM)?.payloads ?? [];
    if (!payload) return undefined;
    const { start, end } = payload.payload;
    const head = this.file.bytes({ start, end: Math.min(end, start + 16) }).toString('latin1');
    const [, kind] = /^#(\w{1,8}?)hbm#/.exec(head) ?? [];
    return { kind: kind ?? 'unknown', bytes: end - start };
  }

  /**
   * The values of a small initializer of float32.
   *
   * @throws ExpectationError when there is none of that name, or it is not float32
   */
  floats(name: string): number[] {
    const initializer = this.initializers.get(name);
    if (!initializer) throw this.#foreign(`no initializer ${name}`);
    const values: number[] = [];
    for (const { number, payload } of initializer.payloads) {
      const length = payload.end - payload.start;
      if (number !== INITIALIZER.floats || length % 4 !== 0 || values.length + length / 4 > MOST.scales) {
        throw this.#foreign(`${name}, which is no list of float32 scales`);
      }
      const bytes = this.file.bytes(payload);
      for (let at = 0; at < bytes.length; at += 4) values.push(bytes.readFloatLE(at));
    }
    return values;
  }

  /** The first value of a metadata entry that has one for each input (`nv12;`); '' if there is none. */
  firstEntry(key: string): string {
    return (this.metadata.get(key) ?? '').split(';')[0]!.trim();
  }

  /** Other kinds of file with the same suffix. */
  #expectNoOther(): void {
    const head = this.file.bytes({ start: 0, end: Math.min(8, this.file.size) }).toString('latin1');
    if (!head.startsWith('TYSEMU')) return;
    throw new ExpectationError(
      'a model for the BPU',
      `${this.file.path}, a recording for the emulated libdnn`,
      'Give the emulator with --library to see what it plays (docs/emulator.md).',
    );
  }

  #readGraph(span: Span): void {
    for (const field of this.file.fields(span)) {
      this.graphFields.push(field);
      const { number, payload } = field;
      const known = Object.values(GRAPH).includes(number as 1);
      if (known && field.wireType !== LENGTH_DELIMITED) throw this.#foreign('an invalid graph');
      if (number === GRAPH.node) {
        if (this.nodes.length === MOST.nodes) throw this.#foreign(`more than ${MOST.nodes} nodes`);
        this.nodes.push(this.#readNode(field));
      } else if (number === GRAPH.name) this.name = this.#text(payload);
      else if (number === GRAPH.initializer) {
        const initializer = this.#readInitializer(field);
        this.#add(this.initializers, initializer);
      } else if (number === GRAPH.input) this.inputs.push(this.#readValue(field));
      else if (number === GRAPH.output) this.outputs.push(this.#readValue(field));
      else if (number === GRAPH.valueInfo) this.#add(this.values, this.#readValue(field));
      if (this.graphFields.length > MOST.nodes + 3 * MOST.values) throw this.#foreign('too many fields');
    }
  }

  #add<T extends { readonly name: string }>(map: Map<string, T>, item: T): void {
    if (map.has(item.name)) throw this.#foreign(`two tensors ${item.name}`);
    if (map.size === MOST.values) throw this.#foreign(`more than ${MOST.values} tensors`);
    map.set(item.name, item);
  }

  #readNode(field: Field): BinNode {
    const inputs: string[] = [];
    const outputs: string[] = [];
    let [name, opType] = ['', ''];
    for (const { number, wireType, payload } of this.file.fields(field.payload)) {
      if (wireType !== LENGTH_DELIMITED) continue;
      if (number === NODE.input) inputs.push(this.#text(payload));
      else if (number === NODE.output) outputs.push(this.#text(payload));
      else if (number === NODE.name) name = this.#text(payload);
      else if (number === NODE.opType) opType = this.#text(payload);
    }
    return { name, opType, inputs, outputs, field };
  }

  #readInitializer(field: Field): BinInitializer {
    let [name, elementType] = ['', 0];
    const payloads: Field[] = [];
    for (const part of this.file.fields(field.payload)) {
      if (part.number === INITIALIZER.name) name = this.#text(part.payload);
      else if (part.number === INITIALIZER.type) elementType = this.#readType(part).elementType;
      else if (part.number === INITIALIZER.floats || part.number === INITIALIZER.bytes) {
        if (payloads.length === MOST.scales) throw this.#foreign(`too many values of ${name}`);
        payloads.push(part);
      }
    }
    return { name, elementType, payloads, field };
  }

  #readValue(field: Field): BinValue {
    let name = '';
    let type: { elementType: number; shape: number[] } = { elementType: 0, shape: [] };
    for (const part of this.file.fields(field.payload)) {
      if (part.number === VALUE.name) name = this.#text(part.payload);
      else if (part.number === VALUE.type) type = this.#readType(part);
    }
    return { name, ...type, field };
  }

  #readType(field: Field): { elementType: number; shape: number[] } {
    if (field.wireType !== LENGTH_DELIMITED) throw this.#foreign('an invalid tensor type');
    let elementType = 0;
    const shape: number[] = [];
    for (const part of this.file.fields(field.payload)) {
      if (part.number === TYPE.element && part.wireType === VARINT) elementType = Number(part.varint);
      else if (part.number === TYPE.dims) {
        if (part.payload.end - part.payload.start > 10 * MOST.dimensions) {
          throw this.#foreign('an invalid shape');
        }
        shape.push(...this.file.integers(part).map(Number));
      }
      if (shape.length > MOST.dimensions) throw this.#foreign(`a shape of ${shape.length} extents`);
    }
    if (!shape.every((extent) => extent > 0 && extent <= LARGEST_EXTENT)) {
      throw this.#foreign(`a tensor of shape [${shape.join(', ')}]`);
    }
    return { elementType, shape };
  }

  #readMetadata(span: Span): void {
    for (const field of this.file.fields(span)) {
      if (field.number !== METADATA.entry || field.wireType !== LENGTH_DELIMITED) continue;
      if (this.metadataFields.length === MOST.entries)
        throw this.#foreign(`more than ${MOST.entries} entries`);
      let [key, value] = ['', ''];
      for (const { number, wireType, payload } of this.file.fields(field.payload)) {
        if (wireType !== LENGTH_DELIMITED) continue;
        if (number === METADATA.key) key = this.#text(payload);
        else if (number === METADATA.value) value = this.#text(payload);
      }
      this.metadata.set(key, value);
      this.metadataFields.push({ key, field });
    }
  }

  /** Names are written again when a model is edited, which would change bytes that are not UTF-8. */
  #text(span: Span): string {
    const text = this.file.text(span);
    if (text.includes('\ufffd')) throw this.#foreign('a name that is not UTF-8');
    return text;
  }

  #foreign(what: string): ExpectationError {
    return new ExpectationError(
      'a quantized model for the BPU (.bin of RDK X5 or X3)',
      `${this.file.path} with ${what}`,
      'Use the file that hb_mapper makertbin wrote; .onnx and .hbm files have other formats.',
    );
  }
}

/**
 * Opens a .bin, uses it and closes it.
 *
 * @throws ExpectationError when it is not such a model, or damaged
 */
export function withBin<T>(path: string, use: (model: BinModel) => T): T {
  const file = new WireFile(path, '.bin model for the BPU');
  try {
    return use(new BinModel(file));
  } finally {
    file.close();
  }
}
