import type { Ahead, AheadPlan } from '../vision/decode/ahead.js';
import type { Kernels } from '../vision/tensor/kernels.js';
import type { Fit, Letterbox } from '../vision/picture/letterbox.js';
import type { Normalization } from '../vision/picture/normalization.js';
import type { Nv12Frame, Cut } from '../vision/picture/nv12-frame.js';
import type { PictureSize } from '../vision/picture/picture-size.js';
import type { Stamp } from '../vision/picture/frame-source.js';
import type { NativeCamera } from '../native/camera.js';
import type { Tensor, TensorInfo } from '../vision/tensor/tensor.js';

/** A loaded model as an engine describes it. */
export interface ModelInfo {
  /** Path of the model's file. */
  readonly file: string;
  /**
   * Input size in pixels, and how pictures are brought to it: with padding unless it says `stretch`, and with values from 0 to 1 unless
   * they are normalized (src/model/onnx/input-picture.ts).
   */
  readonly input: {
    readonly width: number;
    readonly height: number;
    readonly fit?: Fit | undefined;
    readonly normalization?: Normalization | undefined;
  };
  readonly outputs: readonly TensorInfo[];
  /** Class names from the model's metadata, if it has any. */
  readonly labels?: readonly string[] | undefined;
  /** Number of classes, if the file gives it and the outputs do not. */
  readonly classCount?: number | undefined;
  /** Whether the network selects the instances itself (no NMS needed); undefined if the file does not show it. */
  readonly chosen?: boolean | undefined;
  /** What the user should know about how the model is run. */
  readonly note?: string | undefined;
  /** What the user should know about the model's class names, unless others are given; sentences. */
  readonly warnings?: readonly string[] | undefined;
  /** The file's other metadata, as strings. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** Milliseconds an engine spent on one frame. */
export interface EngineTimings {
  /** Letterbox and color conversion: the one pass over the frame's pixels. */
  readonly preprocess: number;
  /** The network itself. */
  readonly inference: number;
}

/** The head tensors of one frame, lent by the engine. Call release() when done, and do not use the tensors afterwards. */
export interface Inference {
  /** In the order of `ModelInfo.outputs`. */
  readonly tensors: readonly Tensor[];
  readonly letterbox: Letterbox;
  readonly timings: EngineTimings;
  /** Decoding steps that the engine has already done, by its plan; for the decoder. */
  readonly ahead?: Ahead | undefined;
  /** Gives the slot back. Idempotent. */
  release(): void;
}

/**
 * A frame of an attached camera, whose pixels never passed through JavaScript. Times are on the clock of performance.now().
 */
export interface CameraFrameInfo {
  readonly stamp: Stamp;
  /** undefined if the message has none (HbmMsg). */
  readonly frameId: string | undefined;
  /** The publisher's counter; -1 if the message has none (Image). */
  readonly index: number;
  /** Size of the frame that the model saw. */
  readonly width: number;
  readonly height: number;
  /**
   * Size of the picture if the frame is larger, and its place in a larger picture if it was cut out of one; see Nv12Frame.
   */
  readonly picture: PictureSize | undefined;
  readonly cut: Cut | undefined;
  /** When the message arrived. */
  readonly received: number;
  /** When it got a slot. */
  readonly submitted: number;
  /** Milliseconds between the two, without the letterbox. */
  readonly wait: number;
  /**
   * The full picture, even if the model saw only a part of it; undefined unless the camera keeps pixels. Valid until
   * releasePixels(), independent of the inference.
   */
  readonly pixels: Nv12Frame | undefined;
  /** Returns the memory of `pixels`, whose data then has length 0. Idempotent. */
  releasePixels(): void;
}

/** Receives the outcomes of a camera's frames, in order. Must not throw. */
export interface CameraHandlers {
  /** @param inference to be released by the handler */
  result(inference: Inference, frameInfo: CameraFrameInfo): void;
  /** The engine failed; its slot is free again. */
  failure(error: Error, frameInfo: CameraFrameInfo): void;
}

export interface CameraAttachment {
  /**
   * Frames get no more slots afterwards. Resolves when the frames in flight have been reported to the handlers. Idempotent.
   */
  detach(): Promise<void>;
}

/**
 * NV12 in, head tensors out. One interface for all of them (src/engine/registry.ts); test/engine runs one suite on each.
 *
 * An engine has a fixed number of slots, each with its own input and output memory; nothing is allocated per frame.
 * With spare slots, it keeps working while results are read.
 */
export interface Engine {
  /** Its name in src/engine/registry.ts. */
  readonly kind: string;
  readonly model: ModelInfo;
  /** A faster form of the decoder's inner loops, for decoders of its tensors. */
  readonly kernels?: Kernels | undefined;
  /** Frames that may be at work (submitted and not settled) at once. */
  readonly slots: number;
  /** Frames in progress and unreleased inferences together may be `slots` + `spare`. */
  readonly spare: number;
  /** Frames that submit() would accept now, including a reserved slot. Attached cameras use the same slots. */
  readonly free: number;
  /**
   * Letterboxes the frame into the model's input and runs the network, both off the JS thread. The frame's bytes must not
   * change until the promise settles.
   *
   * Up to `slots` frames may be submitted without waiting for each other; they settle in order of submission.
   *
   * Rejects with an ExpectationError when no slot is free or the engine is closed, and with the engine's error when
   * inference fails. A failed frame frees its slot.
   */
  submit(frame: Nv12Frame): Promise<Inference>;
  /**
   * Sets the plan by which the engine decodes frames from now on, off the JS thread, as far as possible without JavaScript; undefined
   * ends this. Frames in flight may still use the former plan, which the decoder detects.
   */
  planAhead?(plan: AheadPlan | undefined): void;
  /** Waits for what is in flight, then frees everything. Idempotent. */
  close(): Promise<void>;
}

/** An engine that native subscriptions can feed. */
export interface CameraEngine extends Engine {
  /**
   * Reserves a slot for the next submit() if one is free now. A camera's thread may take a slot at any time, so `free` alone
   * does not guarantee that submit() gets one.
   *
   * @returns whether a slot is reserved
   */
  claim(): boolean;
  /** Returns a slot that claim() or reserve() has reserved and that was not used. Does not cancel a pending reserve(). */
  unclaim(): void;
  /**
   * Reserves a slot for the next submit(), in turn with attached cameras whose frames wait. Without it, cameras that are
   * faster than the engine would leave no slot to submit(). At most one slot is reserved.
   *
   * @returns true once a slot is reserved; false if unreserve() or close() was called before
   */
  reserve(): Promise<boolean>;
  /** Returns the reserved slot, or cancels a pending reserve(). */
  unreserve(): void;
  /**
   * Sends the camera's frames through this engine from now on, letterboxed on the camera's thread. They share the slots with
   * submitted frames: free slots go to the cameras with waiting frames in turn. While no slot is free, a new frame replaces
   * the camera's oldest waiting one. An attached camera does not keep the process alive.
   *
   * @param queue frames of the camera that may wait, 1 to 1000; each takes the memory of a model input @default 1
   * @throws ExpectationError when the engine or the camera is closed, when the camera is already attached, and when memory
   * is short
   */
  attach(camera: NativeCamera, handlers: CameraHandlers, queue?: number): CameraAttachment;
  /** Detaches cameras, waits for what is in flight, then frees everything. Idempotent. */
  close(): Promise<void>;
}
