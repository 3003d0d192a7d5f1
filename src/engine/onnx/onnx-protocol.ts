import type { Normalization } from '../../vision/picture/normalization.js';
import type { TensorType } from '../../vision/tensor/tensor.js';

/** Passed to the worker when it starts. */
export interface WorkerSettings {
  readonly file: string;
  readonly threads: number;
}

/** An input or output as ONNX Runtime describes it. */
export interface ValueInfo {
  readonly name: string;
  /** ONNX Runtime's name: float32, float16, ... */
  readonly type: string;
  /** Fixed extents as numbers, others as names. */
  readonly shape: readonly (number | string)[];
}

/** The worker's first message: the model, or why it could not be loaded. */
export type Opened =
  | { readonly inputs: readonly ValueInfo[]; readonly outputs: readonly ValueInfo[] }
  | { readonly failure: string; readonly missing: boolean };

/**
 * A slot's memory. It is transferred with every message, not copied and not shared: ONNX Runtime's binding does not accept
 * SharedArrayBuffers (1.30).
 */
export interface SlotMemory {
  /** float32 [1, 3, height, width]. */
  readonly input: ArrayBuffer;
  /** All outputs, one after the other, packed, in the model's order. */
  readonly output: ArrayBuffer;
}

/**
 * A message to the worker: normalize all pictures from now on, run one inference, or end. Only inferences are answered, in order.
 */
export type Order =
  { readonly normalization: Normalization | undefined } | { readonly memory: SlotMemory } | 'close';

/** The answer to one inference: the memory, and either the milliseconds of the network alone or an error. */
export interface Answer {
  readonly memory: SlotMemory;
  readonly milliseconds: number;
  readonly failure?: string;
}

/** The only element type of this engine's inputs and outputs. */
export const ELEMENT_TYPE = 'float32' satisfies TensorType;

export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, extent) => product * extent, 1);
}
