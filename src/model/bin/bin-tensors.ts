import { outputRoles } from '../../vision/decode/head-layout.js';
import { recognizeHeads, type HeadHints, type HeadLayout, type HeadRole } from '../../vision/decode/heads.js';
import {
  packedStride,
  type Quantization,
  type TensorInfo,
  type TensorType,
  UNQUANTIZED,
} from '../../vision/tensor/tensor.js';
import { ExpectationError, messageOf } from '../../base/expect.js';
import type { BinModel, BinNode, BinValue } from './bin-model.js';

/** hbDNN's and our name of each element type, by ONNX's number (TensorProto.DataType). */
const ELEMENTS: Readonly<Record<number, { readonly name: string; readonly type?: TensorType }>> = {
  1: { name: 'F32', type: 'float32' },
  2: { name: 'U8', type: 'uint8' },
  3: { name: 'S8', type: 'int8' },
  4: { name: 'U16', type: 'uint16' },
  5: { name: 'S16', type: 'int16' },
  6: { name: 'S32', type: 'int32' },
  7: { name: 'S64' },
  10: { name: 'F16' },
  11: { name: 'F64' },
  12: { name: 'U32' },
  13: { name: 'U64' },
};

/** An output as libdnn will report it. */
export interface BinOutput {
  readonly name: string;
  readonly shape: readonly number[];
  /** For example HB_DNN_TENSOR_TYPE_S32. */
  readonly typeName: string;
  /** Undefined if the decoder does not support the type. */
  readonly type: TensorType | undefined;
  readonly quantization: Quantization;
  /** The node on the CPU that converts it to float, if there is one. */
  readonly dequantizedBy: BinNode | undefined;
  /** The integers that the node reads, with their scales. */
  readonly inner: { readonly type: TensorType; readonly quantization: Quantization } | undefined;
  /** The tensor that libdnn returns unchanged, or that a de-quantize node reads. Its name still contains the layer's. */
  readonly source: string;
}

/** The camera's picture. */
export interface BinInput {
  readonly name: string;
  /** [1, 3, height, width], as libdnn reports it. */
  readonly shape: readonly number[];
  readonly width: number;
  readonly height: number;
  /** For example HB_DNN_IMG_TYPE_NV12. */
  readonly typeName: string;
  /** Range of the YUV samples; undefined if the file does not say. */
  readonly range: 'full' | 'limited' | undefined;
  /** Where the pixels come from: `pyramid` (a camera's memory) or `ddr`. */
  readonly source: string;
}

/** Node types that convert the BPU's integers to floats. */
export const DEQUANTIZE = 'Dequantize';

/** Finds the de-quantize node of each graph output that has one, by the output's name. */
export function dequantizeNodes(model: BinModel): Map<string, BinNode> {
  const outputs = new Set(model.outputs.map(({ name }) => name));
  const nodes = new Map<string, BinNode>();
  for (const node of model.nodes) {
    const [output] = node.outputs;
    if (node.opType === DEQUANTIZE && output !== undefined && outputs.has(output)) nodes.set(output, node);
  }
  return nodes;
}

/**
 * @throws ExpectationError when the scales that the file names are missing or do not fit
 */
export function binOutputs(model: BinModel): BinOutput[] {
  const nodes = dequantizeNodes(model);
  return model.outputs.map((value) => {
    const { name, shape, elementType } = value;
    const node = nodes.get(name);
    const source = node?.inputs[0] ?? model.metadata.get(`DN_M_${name}`) ?? name;
    return {
      name,
      shape,
      typeName: elementTypeName(elementType),
      type: ELEMENTS[elementType]?.type,
      quantization: node ? UNQUANTIZED : rawQuantization(model, value, source),
      dequantizedBy: node,
      inner: node && innerIntegers(model, value, node),
      source,
    };
  });
}

/** Undefined if the node has an unknown form. */
function innerIntegers(model: BinModel, { shape }: BinValue, { inputs }: BinNode): BinOutput['inner'] {
  const [source = '', scaleName = '', zeroPoint] = inputs;
  const type = ELEMENTS[model.values.get(source)?.elementType ?? 0]?.type;
  if (type === undefined || zeroPoint !== undefined || !model.initializers.has(scaleName)) return undefined;
  const scale = Float32Array.from(model.floats(scaleName));
  const axis = scale.length === 1 ? shape.length - 1 : shape.lastIndexOf(scale.length);
  return axis < 0 ? undefined : { type, quantization: { kind: 'scale', scale, axis } };
}

function elementTypeName(elementType: number): string {
  return `HB_DNN_TENSOR_TYPE_${ELEMENTS[elementType]?.name ?? `(${elementType})`}`;
}

/** What hb_model_modifier recorded about the node that it removed. libdnn takes the scales of an integer output from it. */
function rawQuantization(model: BinModel, { name, shape }: BinValue, source: string): Quantization {
  const note = (what: string): string => model.metadata.get(`DN_D_${source}_${what}`) ?? '';
  const scaleName = note('scale');
  if (scaleName === '') return UNQUANTIZED;
  const scale = Float32Array.from(model.floats(scaleName));
  if (note('zeropoint') !== '') {
    throw new ExpectationError(
      `no zero point of ${name}`,
      note('zeropoint'),
      'No known model has one; inspect it on the board with hrt_model_exec model_info.',
    );
  }
  const axis = Number(note('axis') || shape.length - 1);
  const channels = shape[axis];
  if (channels === undefined || (scale.length !== 1 && scale.length !== channels)) {
    throw new ExpectationError(
      `one scale, or one for each of the ${channels ?? '?'} channels on axis ${axis} of ${name}`,
      scale.length,
      'The model is damaged, or was edited by an unknown tool.',
    );
  }
  return { kind: 'scale', scale, axis };
}

/**
 * The model's input picture.
 *
 * @throws ExpectationError unless its only input is one picture
 */
export function binInput(model: BinModel): BinInput {
  const [input] = model.inputs;
  const shape = imageShape(model);
  if (!input || model.inputs.length !== 1 || !shape) {
    throw new ExpectationError(
      'a model of one picture',
      model.inputs.map(({ name, shape: found }) => `${name} [${found.join(', ')}]`).join(' and '),
      'Export the model with batch 1 and one picture as its only input, and convert it again.',
    );
  }
  const type = model.firstEntry('INPUT_TYPE_RT').toLowerCase();
  const range = model.firstEntry('INPUT_SPACE_AND_RANGE');
  return {
    name: input.name,
    shape,
    width: shape[3]!,
    height: shape[2]!,
    typeName: IMAGE_TYPES[type] ?? (type === '' ? 'not in the file' : type),
    range: range === 'regular' ? 'full' : range === 'bt601_video' ? 'limited' : undefined,
    source: sourceOf(model, input.name),
  };
}

/** Values of hb_mapper's setting input_type_rt. */
const IMAGE_TYPES: Readonly<Record<string, string>> = {
  nv12: 'HB_DNN_IMG_TYPE_NV12',
  yuv444: 'HB_DNN_IMG_TYPE_YUV444',
  gray: 'HB_DNN_IMG_TYPE_Y',
  rgb: 'HB_DNN_IMG_TYPE_RGB',
  bgr: 'HB_DNN_IMG_TYPE_BGR',
};

/** [batch, channels, height, width]: the trained shape, or else the graph's, which is channels last. */
function imageShape(model: BinModel): number[] | undefined {
  const trained = model.firstEntry('INPUT_SHAPE').split('x').map(Number);
  const shape =
    trained.length === 4 && trained.every((extent) => Number.isInteger(extent) && extent > 0)
      ? trained
      : undefined;
  const inside = model.inputs[0]?.shape;
  if (!shape) {
    if (inside?.length !== 4) return undefined;
    const [batch, height, width, channels] = inside as [number, number, number, number];
    return [batch, channels, height, width];
  }
  if (model.firstEntry('INPUT_LAYOUT_TRAIN') !== 'NHWC') return shape;
  const [batch, height, width, channels] = shape as [number, number, number, number];
  return [batch, channels, height, width];
}

/** `input-source` is the repr of a Python dict: {'images': 'pyramid', '_default_value': 'ddr'}. */
function sourceOf(model: BinModel, name: string): string {
  const pairs = [...(model.metadata.get('input-source') ?? '').matchAll(/'([^']*)': '([^']*)'/g)];
  const of = (key: string): string | undefined => pairs.find(([, found]) => found === key)?.[2];
  return of(name) ?? of('_default_value') ?? '';
}

/** The inner tensor of each output, whose name contains the network's layer. */
export function binLayers(model: BinModel): Map<string, string> {
  return new Map(binOutputs(model).map(({ name, source }) => [name, source]));
}

/** How the decoder understands the outputs. */
export interface BinHeads {
  /** Undefined if the decoder cannot run the model; `reason` says why. */
  readonly layout: HeadLayout | undefined;
  readonly reason: string;
  /** Role of each output. */
  readonly roles: ReadonlyMap<number, HeadRole>;
}

/** Finds out which head each output is, from shapes and types, and from the names of layers that the file still contains. */
export function binHeads(model: BinModel, hints: HeadHints = {}): BinHeads {
  const roles = new Map<number, HeadRole>();
  try {
    const outputs = binOutputs(model);
    const input = binInput(model);
    const infos = outputs.map(({ name, shape, type, typeName, quantization, source }): TensorInfo => {
      if (type) return { name, layer: source, shape, stride: packedStride(shape), type, quantization };
      throw new ExpectationError(
        `output ${name} to be F32, S32, S16, U16, S8 or U8`,
        typeName,
        'Convert the model again with hb_mapper of this board.',
      );
    });
    const layout = recognizeHeads(infos, input, hints);
    for (const [output, { role }] of outputRoles(layout)) roles.set(output, role);
    return { layout, reason: '', roles };
  } catch (error) {
    return { layout: undefined, reason: messageOf(error), roles };
  }
}
