import type { Kernels } from '../vision/tensor/kernels.js';
import type { Letterbox } from '../vision/picture/letterbox.js';
import type { Nv12Frame, Cut } from '../vision/picture/nv12-frame.js';
import type { PictureSize } from '../vision/picture/picture-size.js';
import type { Stamp } from '../vision/picture/frame-source.js';
import type { NativeCamera } from '../native/camera.js';
import type { Tensor, TensorInfo } from '../vision/tensor/tensor.js';

/** A loaded model as an engine describes it. */
export interface ModelInfo {
  /** Path it was loaded from. */
  readonly file: string;
  /** Input size in pixels. */
  readonly input: { readonly width: number; readonly height: number };
  readonly outputs: readonly TensorInfo[];
  /** Class names from the model's own metadata, where it has any. */
  readonly labels?: readonly string[] | undefined;
  /** Number of classes, where outputs do not tell and the file does. */
  readonly classCount?: number | undefined;
  /** Whether the file shows that the network chooses instances; undefined where it does not tell. */
  readonly chosen?: boolean | undefined;
  /** What the user should know of how the model is run. */
  readonly note?: string | undefined;
  /** What the user should know of the model's class names, unless others are given; sentences. */
  readonly warnings?: readonly string[] | undefined;
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

/** A frame of an attached camera; its pixels never came by JavaScript. Times are those of performance.now(). */
export interface CameraFrameInfo {
  readonly stamp: Stamp;
  /** undefined: the message has none (HbmMsg). */
  readonly frameId: string | undefined;
  /** The publisher's counter; -1: the message has none (Image). */
  readonly index: number;
  /** Of the frame that the model saw. */
  readonly width: number;
  readonly height: number;
  /** Size of the picture where that of the frame is larger, and where that lies in a larger picture: see Nv12Frame. */
  readonly picture: PictureSize | undefined;
  readonly cut: Cut | undefined;
  /** When the message was there. */
  readonly received: number;
  /** When it had a slot. */
  readonly submitted: number;
  /** Milliseconds between the two that were no letterbox. */
  readonly wait: number;
  /** The frame of the full picture, also where the model saw a part of it, where the camera keeps pixels; until releasePixels(), whatever becomes of the inference. */
  readonly pixels: Nv12Frame | undefined;
  /** Gives the memory of `pixels` back; its data has length 0 then. Idempotent. */
  releasePixels(): void;
}

/** What came of a camera's frames, in their order. Must not throw. */
export interface CameraHandlers {
  /** @param inference is the handler's to release */
  result(inference: Inference, frameInfo: CameraFrameInfo): void;
  /** The engine failed; its slot is free again. */
  failure(error: Error, frameInfo: CameraFrameInfo): void;
}

export interface CameraAttachment {
  /** No frame is given a slot afterwards. Resolves when the handlers had those that were in flight. Idempotent. */
  detach(): Promise<void>;
}

/**
 * NV12 in, head tensors out. One interface for all of them (src/engine/registry.ts); test/engine runs one suite on each.
 *
 * An engine has a fixed number of slots, each with its own input and output memory; nothing is allocated per frame.
 * Where it has spare ones, it works on while results are read.
 */
export interface Engine {
  /** Its name in src/engine/registry.ts. */
  readonly kind: string;
  readonly model: ModelInfo;
  /** A faster form of the decoder's inner loops, for decoders of its tensors. */
  readonly kernels?: Kernels | undefined;
  /** Frames that may be at work (submitted and not settled) at once. */
  readonly slots: number;
  /** Frames at work and inferences not released may be `slots` + `spare` together. */
  readonly spare: number;
  /** Frames that submit() would take now, a reserved slot included; attached cameras take of them, too. */
  readonly free: number;
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

/** An engine that native cameras can feed. */
export interface CameraEngine extends Engine {
  /**
   * Keeps a slot for the next submit(), if one is free now. A camera's thread may take one at any time, so that `free` alone
   * promises nothing to submit().
   *
   * @returns whether one is kept
   */
  claim(): boolean;
  /** Gives a slot back that is kept, by claim() or by reserve(), and not used. One that reserve() waits for will come. */
  unclaim(): void;
  /**
   * Keeps a slot for the next submit(): the first one that is free when it is its turn among attached cameras whose frames
   * wait. Without it cameras that are faster than the engine leave none to submit(). One at a time.
   *
   * @returns true when it is kept; false when unreserve() or close() came before
   */
  reserve(): Promise<boolean>;
  /** Gives the reserved slot back, or does not wait for it any more. */
  unreserve(): void;
  /**
   * From now on the camera's frames go through this engine, letterboxed on the camera's thread. They share the slots with
   * submitted frames: a slot that becomes free goes to a camera whose frame waits, in turn. Newest wins: while no slot is
   * free, a camera's frame replaces the oldest of those that wait. An attached camera does not keep the process alive.
   *
   * @param queue frames of the camera that may wait, 1 to 1000; each takes the memory of a model input @default 1
   * @throws ExpectationError when the engine or the camera is closed, when the camera is attached already, and when there is
   * no memory
   */
  attach(camera: NativeCamera, handlers: CameraHandlers, queue?: number): CameraAttachment;
  /** Detaches cameras, waits for what is in flight, then frees everything. Idempotent. */
  close(): Promise<void>;
}
