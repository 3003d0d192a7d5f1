import { ExpectationError } from '../../base/expect.js';
import type { NativeTensorProperties } from '../../native/bpu.js';
import {
  packedStride,
  type Quantization,
  type TensorData,
  type TensorInfo,
  type TensorType,
  UNQUANTIZED,
} from '../../vision/tensor/tensor.js';

/** Names in hbDNN's enumerations, as hrt_model_exec prints them. */
export const TENSOR_TYPE_NAMES: readonly string[] = [
  ...['Y', 'NV12', 'NV12_SEPARATE', 'YUV444', 'RGB', 'BGR'].map((name) => `HB_DNN_IMG_TYPE_${name}`),
  ...['S4', 'U4', 'S8', 'U8', 'F16', 'S16', 'U16', 'F32', 'S32', 'U32', 'F64', 'S64', 'U64'].map(
    (name) => `HB_DNN_TENSOR_TYPE_${name}`,
  ),
];
export const TENSOR_LAYOUT_NAMES: Readonly<Record<number, string>> = {
  0: 'HB_DNN_LAYOUT_NHWC',
  2: 'HB_DNN_LAYOUT_NCHW',
  255: 'HB_DNN_LAYOUT_NONE',
};
export const QUANTI_TYPE_NAMES: readonly string[] = ['NONE', 'SHIFT', 'SCALE'];

interface ElementType {
  readonly type: TensorType;
  readonly bytes: number;
  readonly view: new (buffer: ArrayBuffer, offset: number, length: number) => TensorData;
}

/** Element types that the decoder reads, by hbDNN's number. */
const ELEMENT_TYPES: Readonly<Record<string, ElementType>> = {
  HB_DNN_TENSOR_TYPE_S8: { type: 'int8', bytes: 1, view: Int8Array },
  HB_DNN_TENSOR_TYPE_U8: { type: 'uint8', bytes: 1, view: Uint8Array },
  HB_DNN_TENSOR_TYPE_S16: { type: 'int16', bytes: 2, view: Int16Array },
  HB_DNN_TENSOR_TYPE_U16: { type: 'uint16', bytes: 2, view: Uint16Array },
  HB_DNN_TENSOR_TYPE_F32: { type: 'float32', bytes: 4, view: Float32Array },
  HB_DNN_TENSOR_TYPE_S32: { type: 'int32', bytes: 4, view: Int32Array },
};

/**
 * An output in the decoder's terms. The shape is the valid one; strides are libdnn's, or computed from the aligned shape if
 * it gives none.
 *
 * @throws ExpectationError for an element type the decoder cannot read and for strides or scales that do not fit
 */
export function tensorInfo(properties: NativeTensorProperties): TensorInfo {
  const { name, validShape, alignedShape, alignedByteSize } = properties;
  const { type, bytes } = elementType(properties);
  const given = properties.stride.every((step) => step > 0);
  const stride = given ? properties.stride.map((step) => step / bytes) : packedStride(alignedShape);
  const last = validShape.reduce((sum, extent, axis) => sum + (extent - 1) * stride[axis]!, 0);
  if (!stride.every(Number.isInteger) || (last + 1) * bytes > alignedByteSize) {
    throw new ExpectationError(
      `strides of output ${name} that fit its ${alignedByteSize} bytes`,
      `(${properties.stride.join()}) for shape (${validShape.join()}) of ${type}`,
      'The model is damaged or its libdnn has another struct layout.',
    );
  }
  return { name, shape: validShape, stride, type, quantization: quantization(properties) };
}

/** The elements of an output of alignedByteSize bytes at `offset`, a multiple of the element size. */
export function tensorData(properties: NativeTensorProperties, buffer: ArrayBuffer, offset = 0): TensorData {
  const { view: View, bytes } = elementType(properties);
  return new View(buffer, offset, Math.floor(properties.alignedByteSize / bytes));
}

function elementType({ name, tensorType }: NativeTensorProperties): ElementType {
  const typeName = TENSOR_TYPE_NAMES[tensorType] ?? `type ${tensorType}`;
  const known = ELEMENT_TYPES[typeName];
  if (known) return known;
  throw new ExpectationError(
    `output ${name} to be F32, S32, S16, U16, S8 or U8`,
    typeName,
    'Convert the model with outputs of one of these types.',
  );
}

function quantization(properties: NativeTensorProperties): Quantization {
  const { name, quantiType, quantizeAxis, scale, zeroPoint, shift, validShape } = properties;
  const kind = QUANTI_TYPE_NAMES[quantiType];
  if (kind === 'NONE') return UNQUANTIZED;
  const channels = validShape[quantizeAxis];
  const fits = (values: readonly number[]): boolean => values.length === 1 || values.length === channels;
  const axis = channels === undefined ? validShape.length - 1 : quantizeAxis;
  if (kind === 'SCALE' && fits(scale) && (zeroPoint.length === 0 || fits(zeroPoint))) {
    return {
      kind: 'scale',
      scale: Float32Array.from(scale),
      zeroPoint: zeroPoint.length > 0 ? Int8Array.from(zeroPoint) : undefined,
      axis,
    };
  }
  if (kind === 'SHIFT' && fits(shift)) return { kind: 'shift', shift: Uint8Array.from(shift), axis };
  throw new ExpectationError(
    `quantization of output ${name}: one value, or one for each of ${channels} on axis ${quantizeAxis}`,
    `type ${quantiType} with ${scale.length} scales, ${zeroPoint.length} zero points, ${shift.length} shifts`,
    'The model is damaged or its libdnn has another struct layout.',
  );
}
