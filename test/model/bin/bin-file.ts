import type { HeadRole } from '../../../src/vision/decode/heads.js';
import { nodeChunks, valueChunks } from '../../../src/model/bin/bin-edit.js';
import { BIN, GRAPH, INITIALIZER, METADATA, NODE, TYPE, VALUE } from '../../../src/model/bin/bin-model.js';
import { type Chunk, integerField, messageField, textField, varint } from '../../../src/model/onnx/wire.js';

/** An output of a .bin that is made for a test. */
export interface BinHead {
  readonly name: string;
  readonly role: HeadRole;
  readonly shape: readonly number[];
  /** Of the integers inside, as ONNX counts (5 int16, 6 int32). */
  readonly elementType: number;
  /** Whether there is one scale for each channel. */
  readonly perChannel: boolean;
  /** The one scale that it has. @default one that no other head has */
  readonly scale?: number;
}

export interface BinFileOptions {
  readonly classes?: number;
  readonly width?: number;
  readonly height?: number;
  readonly coefficients?: number;
  readonly regMax?: number;
  readonly march?: string;
  /** Bytes of the compiled program. */
  readonly program?: number;
  /** False calls the layers by numbers, so that names say nothing. */
  readonly layers?: boolean;
  readonly metadata?: Readonly<Record<string, string>>;
  /** Outputs other than the ten heads. */
  readonly heads?: readonly BinHead[];
}

const LAYER: Readonly<Partial<Record<HeadRole, string>>> = {
  ...{ class: 'cv3', box: 'cv2', coefficient: 'cv4', proto: 'proto' },
};

/** The ten heads, level by level, as hb_mapper orders those of Ultralytics' own export. */
export function binHeadList(options: BinFileOptions = {}): BinHead[] {
  const { classes = 3, width = 64, height = 64, coefficients = 4, regMax = 16 } = options;
  const channels = { class: classes, box: 4 * regMax, coefficient: coefficients };
  const heads = [8, 16, 32].flatMap((stride) =>
    (['box', 'class', 'coefficient'] as const).map((role): Omit<BinHead, 'name'> => ({
      role,
      shape: [1, height / stride, width / stride, channels[role]],
      elementType: 6,
      perChannel: role !== 'class',
    })),
  );
  const proto = {
    role: 'proto',
    shape: [1, height / 4, width / 4, coefficients],
    elementType: 5,
    perChannel: false,
  } as const;
  return [...heads, proto].map((head, i) => ({ ...head, name: String(300 + i) }));
}

/** The layer whose integers an output shows. */
export function layerOf({ role }: BinHead, index: number, layers = true): string {
  const level = Math.floor(index / 3);
  return layers
    ? `/model.22/${LAYER[role]}.${level}/${LAYER[role]}.${level}.2/Conv_output_0`
    : `layer${index}`;
}

/** Scales of a head: all different, none a round number. */
export function scalesOf({ shape, perChannel, scale }: BinHead, index: number): Float32Array {
  if (scale !== undefined) return Float32Array.of(scale);
  const count = perChannel ? shape.at(-1)! : 1;
  return Float32Array.from({ length: count }, (_, channel) => (1 + index + channel / 7) / 3000);
}

/** The bytes of a .bin as hb_mapper writes it: ten floats, each made by a de-quantize node. */
export function binFile(options: BinFileOptions = {}): Uint8Array {
  const heads = options.heads ?? binHeadList(options);
  const layers = heads.map((head, i) => layerOf(head, i, options.layers));
  const nodes = heads.flatMap((head, i) =>
    nodeChunks({
      name: `${i % 2 === 0 ? head.name : layers[i]}_HzDequantize`,
      opType: 'Dequantize',
      inputs: [`${layers[i]}_quantized`, `${layers[i]}_scale`],
      output: head.name,
    }),
  );
  const { width = 64, height = 64, march = 'bayes-e', program = 500 } = options;
  const graph = [
    ...messageField(GRAPH.node, [
      ...textField(NODE.input, 'images'),
      // In an order of its own, as in real models.
      ...[...layers].reverse().flatMap((layer) => textField(NODE.output, `${layer}_quantized`)),
      ...textField(NODE.name, 'main_graph_subgraph_0'),
      ...textField(NODE.opType, 'BPU'),
    ]),
    ...nodes,
    ...textField(GRAPH.name, 'tiny'),
    ...heads.flatMap((head, i) => floatInitializer(`${layers[i]}_scale`, scalesOf(head, i))),
    ...messageField(GRAPH.initializer, [
      ...messageField(INITIALIZER.type, integerField(TYPE.element, 8)),
      ...messageField(INITIALIZER.bytes, [programBytes(program)]),
      ...textField(INITIALIZER.name, 'PACKED_HBM_MODEL'),
    ]),
    ...value(GRAPH.input, 'images', 3, [1, height, width, 3]),
    ...heads.flatMap(({ name, shape }) => value(GRAPH.output, name, 1, shape)),
    ...heads.flatMap(({ elementType, shape }, i) =>
      valueChunks(`${layers[i]}_quantized`, elementType, shape),
    ),
    // Fields that are not understood must survive.
    ...messageField(7, [Uint8Array.of(7)]),
    ...textField(900, 'graph field of tomorrow'),
  ];
  const metadata = {
    MARCH: march,
    BUILDER_VERSION: '1.24.3',
    INPUT_NAMES: 'images;',
    INPUT_SHAPE: `1x3x${height}x${width};`,
    INPUT_TYPE_RT: 'nv12;',
    INPUT_TYPE_TRAIN: 'rgb;',
    INPUT_SPACE_AND_RANGE: 'regular;',
    INPUT_LAYOUT_TRAIN: 'NCHW;',
    'input-source': "{'images': 'pyramid', '_default_value': 'ddr'}",
    ...options.metadata,
  };
  return Buffer.concat([
    ...integerField(1, 1),
    ...integerField(2, 1),
    ...messageField(BIN.graph, graph),
    ...messageField(
      BIN.metadata,
      Object.entries(metadata).flatMap(([key, text]) =>
        messageField(METADATA.entry, [...textField(METADATA.key, key), ...textField(METADATA.value, text)]),
      ),
    ),
    ...textField(901, 'model field of tomorrow'),
  ] as Uint8Array[]);
}

function programBytes(length: number): Uint8Array {
  const bytes = Buffer.alloc(Math.max(16, length), 0xa5);
  bytes.write('#B2Ehbm#########', 'latin1');
  return bytes;
}

function floatInitializer(name: string, values: Float32Array): Chunk[] {
  return messageField(GRAPH.initializer, [
    ...messageField(INITIALIZER.type, [
      ...integerField(TYPE.element, 1),
      ...messageField(TYPE.dims, [varint(values.length)]),
    ]),
    ...messageField(INITIALIZER.floats, [new Uint8Array(values.buffer)]),
    ...textField(INITIALIZER.name, name),
  ]);
}

function value(field: number, name: string, elementType: number, shape: readonly number[]): Chunk[] {
  return messageField(field, [
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
