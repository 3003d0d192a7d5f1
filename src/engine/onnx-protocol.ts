import type { TensorType } from './tensor.js';

/** Given to the worker when it starts. */
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

/** The worker's first message: the model, or why there is none. */
export type Opened =
  | { readonly inputs: readonly ValueInfo[]; readonly outputs: readonly ValueInfo[] }
  | { readonly failure: string; readonly missing: boolean };

/** One inference. Buffers are moved, not copied; the input's comes back with the answer. */
export interface Job {
  readonly id: number;
  /** float32 [1, 3, height, width]. */
  readonly input: ArrayBuffer;
}

export interface Answer {
  readonly id: number;
  readonly input: ArrayBuffer;
  /** Milliseconds of the inference alone. */
  readonly milliseconds: number;
  /** One for each output, in the model's order; empty after a failure. */
  readonly outputs: readonly ArrayBuffer[];
  readonly failure?: string;
}

/** The only element type this engine gives out. */
export const OUTPUT_TYPE: TensorType = 'float32';
