import { recognizeHeads } from '../../src/vision/decode/heads.js';
import { ExpectationError } from '../../src/base/expect.js';
import { type BinModel, withBin } from '../../src/model/bin/bin-model.js';
import { binInput, type BinOutput, binOutputs } from '../../src/model/bin/bin-tensors.js';
import type { NativeTensorProperties } from '../../src/native/bpu.js';
import { QUANTI_TYPE_NAMES, TENSOR_TYPE_NAMES } from '../../src/engine/bpu/bpu-tensor.js';
import type { ModelInfo } from '../../src/engine/engine.js';
import {
  packedStride,
  type Tensor,
  type TensorInfo,
  type TensorType,
} from '../../src/vision/tensor/tensor.js';

/** The integers behind floats that a .bin computes on the CPU. */
export interface InnerIntegers {
  /** One, or one for each index along `axis`. */
  readonly scale: ArrayLike<number>;
  readonly axis: number;
  readonly lowest: number;
  readonly highest: number;
}

/** The tensors of a .bin in libdnn's form. Memory is assumed to be packed, because the file does not contain strides. */
export interface BinLayout {
  readonly name: string;
  readonly march: string;
  readonly inputName: string;
  readonly width: number;
  readonly height: number;
  readonly outputs: readonly NativeTensorProperties[];
  readonly infos: readonly TensorInfo[];
  readonly inner: readonly (InnerIntegers | undefined)[];
}

const BYTES: Readonly<Record<TensorType, number>> = {
  ...{ int8: 1, uint8: 1, int16: 2, uint16: 2, int32: 4, float32: 4 },
};

/** @throws ExpectationError when it is not such a model, or has outputs of a type that cannot be played */
export function readBinLayout(path: string): BinLayout {
  return withBin(path, (model) => layoutOf(model));
}

function layoutOf(model: BinModel): BinLayout {
  const input = binInput(model);
  const outputs = binOutputs(model);
  const infos = outputs.map((output): TensorInfo => {
    const { name, shape, type, typeName, quantization, source } = output;
    if (type === undefined) {
      throw new ExpectationError(`output ${name} to be F32, S32, S16, U16, S8 or U8`, typeName);
    }
    return { name, layer: source, shape, stride: packedStride(shape), type, quantization };
  });
  return {
    name: model.name,
    march: model.metadata.get('MARCH') ?? '',
    inputName: input.name,
    width: input.width,
    height: input.height,
    infos,
    outputs: infos.map((info, i) => properties(info, outputs[i]!.typeName, input)),
    inner: outputs.map(innerOf),
  };
}

function properties(
  { name, shape, stride, type, quantization }: TensorInfo,
  typeName: string,
  input: { readonly width: number; readonly height: number },
): NativeTensorProperties {
  const bytes = BYTES[type];
  const scaled = quantization.kind === 'scale';
  // HB_DNN_LAYOUT_NHWC (0) or NCHW (2), depending on which grid has the input's proportions.
  const nchw = shape.length === 4 && shape[1]! * input.width !== shape[2]! * input.height;
  return {
    name,
    validShape: shape,
    alignedShape: shape,
    stride: stride.map((step) => step * bytes),
    alignedByteSize: shape.reduce((product, extent) => product * extent, bytes),
    tensorType: TENSOR_TYPE_NAMES.indexOf(typeName),
    tensorLayout: nchw ? 2 : 0,
    quantiType: QUANTI_TYPE_NAMES.indexOf(scaled ? 'SCALE' : 'NONE'),
    quantizeAxis: scaled ? quantization.axis : 0,
    scale: scaled ? [...quantization.scale] : [],
    zeroPoint: [],
    shift: [],
  };
}

function innerOf({ inner }: BinOutput): InnerIntegers | undefined {
  if (inner?.quantization.kind !== 'scale') return undefined;
  const bits = 8 * BYTES[inner.type];
  const unsigned = inner.type.startsWith('u');
  return {
    scale: inner.quantization.scale,
    axis: inner.quantization.axis,
    lowest: unsigned ? 0 : -(2 ** (bits - 1)),
    highest: unsigned ? 2 ** bits - 1 : 2 ** (bits - 1) - 1,
  };
}

/**
 * The engine's output for each of the .bin's: the one of the same head and level, in any order; for outputs that are not
 * heads, the one of the same shape.
 *
 * @throws ExpectationError when the models differ in input size, heads or shapes
 */
export function matchOutputs({ input, outputs, labels }: ModelInfo, like: BinLayout): number[] {
  if (input.width !== like.width || input.height !== like.height) {
    throw new ExpectationError(
      `an ONNX model of ${like.width}x${like.height}, as the .bin`,
      `${input.width}x${input.height}`,
    );
  }
  const matched =
    like.infos.length === 2
      ? like.infos.map(({ shape }) => outputs.findIndex((output) => isAlike(output.shape, shape)))
      : matchHeads(outputs, like, labels?.length);
  const shapes = (infos: readonly TensorInfo[]): string =>
    infos.map(({ shape }) => `(${shape.join()})`).join(' ');
  const fits =
    new Set(matched).size === outputs.length &&
    like.infos.every(({ shape }, i) => matched[i]! >= 0 && isAlike(outputs[matched[i]!]!.shape, shape));
  if (fits) return matched;
  throw new ExpectationError(
    `outputs as the .bin has them, ${shapes(like.infos)}`,
    shapes(outputs),
    'Record with the ONNX model that the .bin was made from, or one with as many classes.',
  );
}

function matchHeads(outputs: readonly TensorInfo[], like: BinLayout, classCount?: number): number[] {
  const [from, to] = [outputs, like.infos].map((infos) => recognizeHeads(infos, like, { classCount }));
  const matched = new Array<number>(like.infos.length).fill(-1);
  matched[to!.proto.output] = from!.proto.output;
  for (const level of to!.levels) {
    const source = from!.levels.find(({ stride }) => stride === level.stride);
    for (const role of ['class', 'box', 'coefficient'] as const) {
      const head = level[role];
      if (head) matched[head.output] = source?.[role]?.output ?? -1;
    }
  }
  return matched;
}

/** Whether extents are equal except for ones, in the order of memory or with channels moved to the other end. */
function isAlike(found: readonly number[], wanted: readonly number[]): boolean {
  return orders(found).some((order) =>
    same(
      order.map((axis) => found[axis]!),
      wanted,
    ),
  );
}

function same(found: readonly number[], wanted: readonly number[]): boolean {
  const many = (shape: readonly number[]): string => shape.filter((extent) => extent !== 1).join();
  return many(found) === many(wanted);
}

function orders(shape: readonly number[]): readonly (readonly number[])[] {
  const plain = shape.map((_, axis) => axis);
  return shape.length === 4 ? [plain, [0, 3, 1, 2], [0, 2, 3, 1]] : [plain];
}

/** A tensor with its axes in another order, and extents of one inserted as in `shape`; no element moves. */
export function asShape(tensor: Tensor, shape: readonly number[]): Tensor {
  const order = orders(tensor.shape).find((axes) =>
    same(
      axes.map((axis) => tensor.shape[axis]!),
      shape,
    ),
  )!;
  const left = order.filter((axis) => tensor.shape[axis] !== 1).map((axis) => tensor.stride[axis]!);
  const stride = shape.map((extent) => (extent === 1 ? 0 : left.shift()!));
  return { ...tensor, data: tensor.data, shape, stride };
}
