import { ExpectationError, messageOf } from '../base/expect.js';
import { frameSize, type Nv12Frame, type Cut } from '../vision/picture/nv12-frame.js';
import type { PictureSize } from '../vision/picture/picture-size.js';
import type { Stamp } from '../vision/picture/frame-source.js';
import { type NativeFailure, expectation } from '../native/failure.js';
import type { NativeFrameInfo, NativeCamera, NativeSlots } from '../native/camera.js';
import type { CameraFrameInfo, CameraAttachment, CameraHandlers, Inference } from './engine.js';

/** The outcome of a frame, kept until it can be reported in order. */
type Outcome = { readonly frameInfo: CameraFrameInfo } & (
  { readonly inference: Inference } | { readonly error: Error }
);

/** The cameras attached to an engine. Reports the outcomes of their frames to their handlers, for each camera in order. */
export class AttachedCameras {
  readonly #native: NativeSlots;
  readonly #engine: { keepAlive(): void; allowCollection(): void } | undefined;
  readonly #attached = new Map<number, Attached>();

  /** @param engine kept alive while a camera is attached */
  constructor(native: NativeSlots, engine?: { keepAlive(): void; allowCollection(): void }) {
    this.#native = native;
    this.#engine = engine;
  }

  /** @throws ExpectationError when the camera is closed or already attached, or memory is short */
  attach(camera: NativeCamera, handlers: CameraHandlers, queue: number): CameraAttachment {
    let attachment: number;
    try {
      attachment = this.#native.attach(camera.id, queue);
    } catch (error) {
      const { failure } = error as { failure?: NativeFailure };
      if (failure) throw expectation(failure);
      throw new ExpectationError(`camera ${camera.id} to be attached`, messageOf(error));
    }
    let detached: Promise<void> | undefined;
    const attached = new Attached(handlers, () => (detached ??= this.#detach(attachment)));
    this.#attached.set(attachment, attached);
    this.#engine?.keepAlive();
    return attached;
  }

  async detachAll(): Promise<void> {
    await Promise.all([...this.#attached.values()].map((attached) => attached.detach()));
  }

  deliver(frameInfo: NativeFrameInfo, inference: Inference): void {
    this.#finish(frameInfo, { frameInfo: new FrameInfo(this.#native, frameInfo), inference });
  }

  fail(frameInfo: NativeFrameInfo, error: Error): void {
    this.#finish(frameInfo, { frameInfo: new FrameInfo(this.#native, frameInfo), error });
  }

  #finish({ attachment, sequence }: NativeFrameInfo, outcome: Outcome): void {
    this.#attached.get(attachment)!.finish(sequence, outcome);
  }

  async #detach(attachment: number): Promise<void> {
    const attached = this.#attached.get(attachment)!;
    const submitted = this.#native.detach(attachment);
    this.#native.ref();
    try {
      await attached.until(submitted);
    } finally {
      this.#native.unref();
    }
    this.#attached.delete(attachment);
    this.#engine?.allowCollection();
  }
}

/** One camera. Frames that overtook an earlier one wait for it. */
class Attached implements CameraAttachment {
  /** Frames reported to the handlers so far. */
  #delivered = 0;
  readonly #early = new Map<number, Outcome>();
  #wanted: { readonly count: number; readonly resolve: () => void } | undefined;

  constructor(
    private readonly handlers: CameraHandlers,
    readonly detach: () => Promise<void>,
  ) {}

  finish(sequence: number, outcome: Outcome): void {
    this.#early.set(sequence, outcome);
    for (let next = this.#early.get(this.#delivered); next; next = this.#early.get(this.#delivered)) {
      this.#early.delete(this.#delivered++);
      this.#deliver(next);
    }
    this.#checkWanted();
  }

  #deliver(outcome: Outcome): void {
    try {
      if ('inference' in outcome) this.handlers.result(outcome.inference, outcome.frameInfo);
      else this.handlers.failure(outcome.error, outcome.frameInfo);
    } catch (error) {
      // Native code calls this, so Node would only print a warning.
      setImmediate(() => {
        throw error;
      });
    }
  }

  /** Resolves when `count` frames have been reported to the handlers. */
  until(count: number): Promise<void> {
    return new Promise((resolve) => {
      this.#wanted = { count, resolve };
      this.#checkWanted();
    });
  }

  #checkWanted(): void {
    if (this.#wanted && this.#delivered >= this.#wanted.count) this.#wanted.resolve();
  }
}

/** performance.now() minus the clock of process.hrtime(), in ms. */
const CLOCK_OFFSET = clockOffset();

/** Reads one clock between two readings of the other. The attempt with the closest readings is the most accurate. */
function clockOffset(): number {
  let offset = 0;
  let closest = Infinity;
  for (let attempt = 0; attempt < 20; attempt++) {
    const before = performance.now();
    const middle = Number(process.hrtime.bigint()) / 1e6;
    const apart = performance.now() - before;
    if (apart >= closest) continue;
    closest = apart;
    offset = before + apart / 2 - middle;
  }
  return offset;
}

class FrameInfo implements CameraFrameInfo {
  readonly stamp: Stamp;
  readonly frameId: string | undefined;
  readonly index: number;
  readonly width: number;
  readonly height: number;
  readonly received: number;
  readonly submitted: number;
  readonly wait: number;
  readonly picture: PictureSize | undefined;
  readonly cut: Cut | undefined;
  readonly pixels: Nv12Frame | undefined;
  #endLease: (() => void) | undefined;

  constructor(native: NativeSlots, frameInfo: NativeFrameInfo) {
    const { sec, nanosec, frameId, index, received, submitted, preprocess } = frameInfo;
    const { part, pixels, lease } = frameInfo;
    const { width, height } = frameSize(part);
    this.stamp = { sec, nanosec };
    this.frameId = frameId;
    this.index = index;
    this.width = width;
    this.height = height;
    this.received = received + CLOCK_OFFSET;
    this.submitted = submitted + CLOCK_OFFSET;
    this.wait = submitted - received - preprocess;
    this.picture = oddSize(part);
    const whole = frameSize(frameInfo);
    if (pixels !== undefined && lease !== undefined) {
      this.pixels = {
        ...{ ...whole, data: new Uint8Array(pixels), lumaStride: whole.width, chromaStride: whole.width },
        ...{ lumaOffset: 0, chromaOffset: whole.width * whole.height, picture: oddSize(frameInfo) },
      };
    }
    if (part.width < frameInfo.width || part.height < frameInfo.height) {
      const picture = { width: frameInfo.width, height: frameInfo.height };
      this.cut = { x: part.x, y: part.y, picture, whole: this.pixels };
    }
    if (pixels === undefined || lease === undefined) return;
    this.#endLease = () => native.endLease(lease, pixels);
  }

  releasePixels(): void {
    this.#endLease?.();
    this.#endLease = undefined;
  }
}

/** The size of the picture if it is smaller than its frame; else undefined. */
function oddSize(picture: PictureSize): PictureSize | undefined {
  const { width, height } = frameSize(picture);
  const odd = width !== picture.width || height !== picture.height;
  return odd ? { width: picture.width, height: picture.height } : undefined;
}
