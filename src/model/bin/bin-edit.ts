import { type Chunk, integerField, messageField, textField, varint, writeChunks } from '../onnx/wire.js';
import { rewrite } from '../onnx/onnx-model.js';
import { BIN, type BinModel, type BinNode, GRAPH, METADATA, NODE, TYPE, VALUE } from './bin-model.js';

/** Changes to a model's graph and metadata; everything else is copied byte by byte. */
export interface BinEdit {
  /** Nodes to remove. */
  readonly dropNodes: Set<BinNode>;
  /** Nodes to add, each a complete message. */
  readonly addNodes: Chunk[][];
  /** New names of nodes' outputs, by the old ones. */
  readonly renameOutputs: Map<string, string>;
  /** New element types of the graph's outputs, by name. */
  readonly outputTypes: Map<string, number>;
  /** Names of inner tensors to remove. */
  readonly dropValues: Set<string>;
  /** Inner tensors to add, each a complete message. */
  readonly addValues: Chunk[][];
  /** Metadata entries: the new text, or undefined to remove the entry. */
  readonly metadata: Map<string, string | undefined>;
}

export function emptyEdit(): BinEdit {
  return {
    dropNodes: new Set(),
    addNodes: [],
    renameOutputs: new Map(),
    outputTypes: new Map(),
    dropValues: new Set(),
    addValues: [],
    metadata: new Map(),
  };
}

/**
 * Writes a model with some changes. The file appears when it is complete, and may replace the one that is read.
 *
 * @throws ExpectationError when it cannot be written
 */
export function writeEdited(model: BinModel, edit: BinEdit, output: string): void {
  const chunks = model.fields.flatMap((field): Chunk[] => {
    if (field.number === BIN.graph) return messageField(BIN.graph, graphChunks(model, edit));
    if (field.number === BIN.metadata) return messageField(BIN.metadata, metadataChunks(model, edit));
    return [field.whole];
  });
  if (!model.fields.some(({ number }) => number === BIN.metadata)) {
    chunks.push(...messageField(BIN.metadata, metadataChunks(model, edit)));
  }
  writeChunks(output, chunks, model.file);
}

function graphChunks(model: BinModel, edit: BinEdit): Chunk[] {
  const { file, graphFields } = model;
  const nodes = new Map(model.nodes.map((node) => [node.field, node]));
  const outputs = new Map(model.outputs.map((value) => [value.field, value]));
  const values = new Map([...model.values.values()].map((value) => [value.field, value]));
  const lastNode = graphFields.findLastIndex(({ number }) => number === GRAPH.node);
  return [
    ...graphFields.flatMap((field, index): Chunk[] => {
      const added = index === lastNode ? edit.addNodes.flat() : [];
      const node = nodes.get(field);
      if (node) {
        if (edit.dropNodes.has(node)) return added;
        if (!node.outputs.some((name) => edit.renameOutputs.has(name))) return [field.whole, ...added];
        const renamed = rewrite(file, field.payload, (part) => {
          if (part.number !== NODE.output) return undefined;
          const name = edit.renameOutputs.get(file.text(part.payload));
          return name === undefined ? undefined : textField(NODE.output, name);
        });
        return [...messageField(GRAPH.node, renamed), ...added];
      }
      const type = edit.outputTypes.get(outputs.get(field)?.name ?? '');
      if (type !== undefined) return messageField(GRAPH.output, retyped(model, field.payload, type));
      return edit.dropValues.has(values.get(field)?.name ?? '') ? [] : [field.whole];
    }),
    ...edit.addValues.flat(),
  ];
}

function retyped({ file }: BinModel, span: Parameters<typeof rewrite>[1], elementType: number): Chunk[] {
  return rewrite(file, span, ({ number, payload }) => {
    if (number !== VALUE.type) return undefined;
    const type = rewrite(file, payload, (part) =>
      part.number === TYPE.element ? integerField(TYPE.element, elementType) : undefined,
    );
    return messageField(VALUE.type, type);
  });
}

function metadataChunks(model: BinModel, edit: BinEdit): Chunk[] {
  const fields = model.fields
    .filter(({ number }) => number === BIN.metadata)
    .flatMap(({ payload }) => [...model.file.fields(payload)]);
  const keys = new Map(model.metadataFields.map(({ key, field }) => [field.whole.start, key]));
  const written = new Set<string>();
  const kept = fields.flatMap((field): Chunk[] => {
    const key = keys.get(field.whole.start);
    if (key === undefined || !edit.metadata.has(key)) return [field.whole];
    if (written.has(key)) return [];
    written.add(key);
    return entry(key, edit.metadata.get(key));
  });
  const added = [...edit.metadata].filter(([key]) => !written.has(key));
  return [...kept, ...added.flatMap(([key, text]) => entry(key, text))];
}

function entry(key: string, text: string | undefined): Chunk[] {
  if (text === undefined) return [];
  return messageField(METADATA.entry, [...textField(METADATA.key, key), ...textField(METADATA.value, text)]);
}

/** A node with one integer attribute, `num_args`, in the form that the mapper writes. */
export function nodeChunks(node: {
  readonly name: string;
  readonly opType: string;
  readonly inputs: readonly string[];
  readonly output: string;
}): Chunk[] {
  return messageField(GRAPH.node, [
    ...node.inputs.flatMap((name) => textField(NODE.input, name)),
    ...textField(NODE.output, node.output),
    ...textField(NODE.name, node.name),
    ...textField(NODE.opType, node.opType),
    ...messageField(NODE.attribute, [
      ...textField(1, 'num_args'),
      ...integerField(2, 2),
      ...integerField(4, node.inputs.length),
    ]),
  ]);
}

/** An inner tensor. */
export function valueChunks(name: string, elementType: number, shape: readonly number[]): Chunk[] {
  return messageField(GRAPH.valueInfo, [
    ...textField(VALUE.name, name),
    ...messageField(VALUE.type, [
      ...integerField(TYPE.element, elementType),
      ...messageField(
        TYPE.dims,
        shape.map((extent) => varint(extent)),
      ),
    ]),
  ]);
}
