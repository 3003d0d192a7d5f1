/** Element types a head tensor may have. */
export type TensorType = 'float32' | 'int8' | 'uint8' | 'int16' | 'uint16' | 'int32';

export type TensorData = Float32Array | Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array;

/**
 * How a stored value q becomes a real number x (hbDNN: SCALE and SHIFT).
 *
 * - `scale`: x = (q - zeroPoint[c]) * scale[c]
 * - `shift`: x = q / 2^shift[c]
 *
 * c is the index along `axis`; arrays of length 1 apply to the whole tensor.
 */
export type Quantization =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'scale';
      readonly scale: Float32Array;
      readonly zeroPoint?: Int8Array | Int32Array | undefined;
      readonly axis: number;
    }
  | { readonly kind: 'shift'; readonly shift: Uint8Array; readonly axis: number };

/** The description of an output before any inference. */
export interface TensorInfo {
  readonly name: string;
  /** Name of the network's layer that makes it, if the model's file contains it: evidence of the output's role. */
  readonly layer?: string | undefined;
  /** Valid extent, normally [1, H, W, C]; the decoder uses shape and stride, never a layout label. */
  readonly shape: readonly number[];
  /** Elements (not bytes) from one index to the next along each axis; larger than packed if memory is padded. */
  readonly stride: readonly number[];
  readonly type: TensorType;
  readonly quantization: Quantization;
}

/** An output of one inference: a view of engine memory, valid until the inference is released. */
export interface Tensor extends TensorInfo {
  readonly data: TensorData;
}

export const UNQUANTIZED: Quantization = { kind: 'none' };

/** Strides of a tensor without padding, in elements. */
export function packedStride(shape: readonly number[]): number[] {
  const stride = new Array<number>(shape.length);
  let step = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    stride[axis] = step;
    step *= shape[axis]!;
  }
  return stride;
}
