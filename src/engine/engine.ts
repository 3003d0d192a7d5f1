import type { Letterbox } from '../frame/letterbox.js';
import type { Nv12Frame } from '../frame/nv12-frame.js';
import type { Tensor, TensorInfo } from './tensor.js';

/** A loaded model as an engine describes it. */
export interface ModelInfo {
  /** Path it was loaded from. */
  readonly file: string;
  /** Input size in pixels. */
  readonly input: { readonly width: number; readonly height: number };
  readonly outputs: readonly TensorInfo[];
  /** Class names from the model's own metadata, where it has any. */
  readonly labels?: readonly string[] | undefined;
  /** Other metadata of the file, as strings. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** Milliseconds an engine spent on one frame. */
export interface EngineTimings {
  /** Letterbox and colour conversion: the one pass over the frame's pixels. */
  readonly preprocess: number;
  /** The network itself. */
  readonly inference: number;
}

/** The head tensors of one frame, lent by the engine: release it, and do not touch the tensors afterwards. */
export interface Inference {
  /** In the order of `ModelInfo.outputs`. */
  readonly tensors: readonly Tensor[];
  readonly letterbox: Letterbox;
  readonly timings: EngineTimings;
  /** Gives the slot back. Idempotent. */
  release(): void;
}

/**
 * NV12 in, head tensors out. One interface for `onnx` and `bpu`; test/engine runs one suite on each.
 *
 * An engine has a fixed number of slots, each with its own input and output memory; nothing is allocated per frame.
 */
export interface Engine {
  readonly kind: 'onnx' | 'bpu';
  readonly model: ModelInfo;
  /** Frames that may be in flight (submitted and not released) at once. */
  readonly slots: number;
  /**
   * Letterboxes the frame into the model's input and runs the network, both off the JS thread.
   * The frame's bytes must stay as they are until the promise settles.
   *
   * Inferences may be submitted without waiting for each other, up to `slots`; they settle in order of submission.
   *
   * Rejects with an ExpectationError when no slot is free or the engine is closed, and with the engine's
   * error when inference fails; a failed frame gives its slot back by itself.
   */
  submit(frame: Nv12Frame): Promise<Inference>;
  /** Waits for what is in flight, then frees everything. Idempotent. */
  close(): Promise<void>;
}
