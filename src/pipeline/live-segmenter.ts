import { type Clock, steadyClock } from '../base/clock.js';
import type { Segmentation } from '../vision/mask/segmentation.js';
import type {
  CameraFrameInfo,
  CameraAttachment,
  CameraEngine,
  CameraHandlers,
  Engine,
  Inference,
} from '../engine/engine.js';
import { ExpectationError, messageOf } from '../base/expect.js';
import type { Nv12Frame } from '../vision/picture/nv12-frame.js';
import type { StageTimings } from '../message/write/stage-timings.js';
import type { NativeCamera } from '../native/camera.js';
import type { Segmenter } from './segmenter.js';
import { WaitingFrames } from './waiting-frames.js';

/** A camera's frame. Its pixels are not read until it is next. */
export interface LiveFrame {
  /**
   * Prepares the pixels by a view, a conversion or a decompression; those of the region of interest if there is one (Cut).
   * Called once, and never for a dropped frame. The pixels must not change until the frame's result or failure.
   *
   * @throws or rejects for a frame that cannot be read
   */
  prepare(): Nv12Frame | Promise<Nv12Frame>;
}

/** Milliseconds that each stage of one frame took, from its offer to its result. */
export interface LiveTimings extends StageTimings {
  /** From offer to submission, including preparation. */
  readonly wait: number;
}

/** Receives the outcomes of frames, for each camera in the order of submission. `failure` must not throw. */
export interface LiveHandlers<Frame extends LiveFrame> {
  /**
   * @param pixels of the whole picture; undefined if a native subscription does not keep them, or if only the region was prepared
   * @param segmentation valid only during the call, like the pixels
   */
  result(
    camera: number,
    frame: Frame,
    pixels: Nv12Frame | undefined,
    segmentation: Segmentation,
    timings: LiveTimings,
  ): void;
  failure(camera: number, frame: Frame, error: Error): void;
  /** What is done with a segmentation before it is a result; its time counts as the decoder's. */
  track?(camera: number, frame: Frame, segmentation: Segmentation): Segmentation;
}

/** Counts of a camera's frames so far. `offered` = the four others + frames that wait or are in flight. */
export interface CameraCounts {
  offered: number;
  /** Replaced by newer frames while waiting. */
  dropped: number;
  answered: number;
  failed: number;
  /** Frames that were waiting when the segmenter was stopped. */
  discarded: number;
}

/** A camera whose frames go to the engine in C++, without offer(). */
interface Attached<Frame> {
  readonly native: NativeCamera;
  readonly frameOf: (frameInfo: CameraFrameInfo) => Frame;
  /** While the segmenter is running. */
  attachment: CameraAttachment | undefined;
}

interface Camera<Frame> {
  readonly counts: CameraCounts;
  attached: Attached<Frame> | undefined;
}

/**
 * Runs the frames of several cameras through one engine. The newest frame wins: at most one frame of each camera waits (or
 * `queue` frames), and a newer one replaces the oldest. Cameras are served in turn. As many frames are in progress as the
 * engine has slots.
 */
export class LiveSegmenter<Frame extends LiveFrame> {
  #segmenter: Segmenter;
  readonly #cameras: readonly Camera<Frame>[];
  readonly #waiting: WaitingFrames<Frame>;
  readonly #handlers: LiveHandlers<Frame>;
  readonly #now: Clock;
  readonly #queue: number;
  #inFlight = 0;
  /** How many of them are being prepared; each will need a slot. */
  #preparing = 0;
  #state: 'running' | 'paused' | 'stopped' = 'running';
  /** Whether a slot has been requested. */
  #reserving = false;
  /** Called when nothing is in flight. */
  #idle: (() => void)[] = [];

  /**
   * @param segmenter owned by the caller, who closes its engine after `stop`
   * @param clock for LiveTimings; the `wait` of native subscriptions is measured where their frames arrive
   * @param queue frames of each camera that may wait, 1 to 1000: 1 gives the lowest latency, more lose no frames that come
   * in bursts
   */
  constructor(
    segmenter: Segmenter,
    cameraCount: number,
    handlers: LiveHandlers<Frame>,
    clock: Clock = steadyClock,
    queue = 1,
  ) {
    this.#queue = queue;
    this.#segmenter = segmenter;
    this.#waiting = new WaitingFrames(cameraCount, queue);
    this.#handlers = handlers;
    this.#now = clock;
    this.#cameras = Array.from({ length: cameraCount }, () => ({
      counts: { offered: 0, dropped: 0, answered: 0, failed: 0, discarded: 0 },
      attached: undefined,
    }));
  }

  get segmenter(): Segmenter {
    return this.#segmenter;
  }

  /** Frames in the engine or on the way to it. */
  get inFlight(): number {
    return this.#inFlight;
  }

  counts(camera: number): Readonly<CameraCounts> {
    const { counts, attached } = this.#cameras[camera]!;
    if (!attached) return counts;
    // Frames of a native subscription that never get here are counted by the camera.
    const { received, skipped, dropped, failed, discarded } = attached.native.counters();
    return {
      offered: counts.offered + received - skipped,
      dropped: counts.dropped + dropped,
      answered: counts.answered,
      failed: counts.failed + failed,
      discarded: counts.discarded + discarded,
    };
  }

  /**
   * Sends the native subscription's frames through this segmenter from now on, in place of offered ones.
   *
   * @param frameOf makes the frame that is passed to the handlers
   * @throws ExpectationError when the engine cannot be fed by native subscriptions, or the camera is closed
   */
  attach(camera: number, native: NativeCamera, frameOf: (frameInfo: CameraFrameInfo) => Frame): void {
    const attached: Attached<Frame> = { native, frameOf, attachment: undefined };
    if (this.#state === 'running') this.#attach(camera, attached);
    this.#cameras[camera]!.attached = attached;
  }

  /** Ends `attach`; resolves when the frames in flight have their results. Counts are kept. */
  async detach(camera: number): Promise<void> {
    const target = this.#cameras[camera]!;
    const attached = target.attached;
    if (!attached) return;
    await this.#detach(attached);
    if (target.attached !== attached) return;
    Object.assign(target.counts, this.counts(camera));
    target.attached = undefined;
  }

  /** Accepts a camera's newest frame. Never waits, never throws. */
  offer(camera: number, frame: Frame): void {
    const { counts } = this.#cameras[camera]!;
    counts.offered++;
    if (this.#state === 'stopped') {
      counts.discarded++;
      return;
    }
    if (this.#waiting.add(camera, { frame, offered: this.#now() })) counts.dropped++;
    this.#pump();
  }

  /**
   * Switches to another engine or decoder once the frames in flight have their results. Frames offered in the meantime wait,
   * the newest `queue` of each camera. Those of native subscriptions are discarded, including the ones that wait in the old
   * engine.
   *
   * Rejects with the error of `attach` if the new engine does not accept a camera. The former one is then in place again,
   * but paused: call `resume()` after closing the new one, whose memory may be needed.
   *
   * @returns the former segmenter, which is no longer used
   */
  async replace(segmenter: Segmenter): Promise<Segmenter> {
    await this.pause();
    const former = this.#segmenter;
    this.#segmenter = segmenter;
    try {
      this.resume();
    } catch (error) {
      await this.pause();
      this.#segmenter = former;
      throw error;
    }
    return former;
  }

  /** Stops submitting and waits until nothing is in flight. */
  async pause(): Promise<void> {
    if (this.#state === 'running') this.#state = 'paused';
    await Promise.all(
      this.#cameras.map(async ({ attached }) => {
        if (attached) await this.#detach(attached);
      }),
    );
    if (this.#inFlight > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  resume(): void {
    if (this.#state !== 'paused') return;
    this.#state = 'running';
    for (const [index, { attached }] of this.#cameras.entries()) if (attached) this.#attach(index, attached);
    this.#pump();
  }

  /** Discards waiting frames, and waits for those in flight. */
  async stop(): Promise<void> {
    this.#state = 'stopped';
    for (const [index, { counts }] of this.#cameras.entries()) counts.discarded += this.#waiting.clear(index);
    await this.pause();
  }

  #pump(): void {
    while (this.#state === 'running' && this.#hasRoom()) {
      const camera = this.#waiting.next();
      if (camera < 0) return;
      void this.#run(camera);
    }
    this.#reserve();
  }

  /** Native subscriptions that are faster than the engine would leave no slot to offered frames. */
  #reserve(): void {
    const { engine } = this.#segmenter;
    if (this.#reserving || this.#state !== 'running' || !isCameraEngine(engine)) return;
    if (engine.free > 0 || !this.#waiting.ready) return;
    this.#reserving = true;
    void engine.reserve().then((kept) => {
      this.#reserving = false;
      if (!kept) return;
      this.#pump();
      engine.unclaim(); // unless it was taken
    });
  }

  #hasRoom(): boolean {
    return this.#segmenter.engine.free > this.#preparing;
  }

  #attach(index: number, attached: Attached<Frame>): void {
    const { engine } = this.#segmenter;
    if (!isCameraEngine(engine)) {
      throw new ExpectationError('an engine for native subscriptions', engine.kind);
    }
    const handlers: CameraHandlers = {
      result: (inference, frameInfo) => {
        this.#inFlight++;
        this.#finish(
          index,
          attached.frameOf(frameInfo),
          frameInfo.pixels,
          frameInfo,
          inference,
          frameInfo.wait,
        );
        frameInfo.releasePixels();
      },
      failure: (error, frameInfo) => {
        this.#fail(index, attached.frameOf(frameInfo), error);
        frameInfo.releasePixels();
        this.#pump();
      },
    };
    attached.attachment = engine.attach(attached.native, handlers, this.#queue);
  }

  async #detach(attached: Attached<Frame>): Promise<void> {
    const { attachment } = attached;
    attached.attachment = undefined;
    await attachment?.detach();
  }

  /** Runs the camera's oldest waiting frame, from its preparation to its result. Never rejects. */
  async #run(index: number): Promise<void> {
    const { frame, offered } = this.#waiting.take(index);
    const { engine } = this.#segmenter;
    this.#inFlight++;
    let pixels: Nv12Frame;
    let inference: Inference;
    let wait: number;
    try {
      const prepared = frame.prepare();
      const atOnce = !(prepared instanceof Promise) && claim(engine);
      if (atOnce) {
        pixels = prepared;
      } else {
        this.#waiting.hold(index, true);
        this.#preparing++;
        try {
          pixels = await prepared;
          // A native subscription may have taken the slot in the meantime.
          while (!claim(engine) && isCameraEngine(engine) && (await engine.reserve()));
        } finally {
          this.#waiting.hold(index, false); // not earlier: the next frame might be submitted first
          this.#preparing--;
        }
      }
      wait = this.#now() - offered;
      const pending = engine.submit(pixels);
      // A frame that the engine rejected leaves its slot unused.
      if (isCameraEngine(engine)) engine.unclaim();
      // While this frame was prepared, the camera's next one had to wait.
      if (!atOnce) this.#pump();
      inference = await pending;
    } catch (error) {
      this.#leave();
      this.#fail(index, frame, error);
      return;
    }
    const whole = pixels.cut ? pixels.cut.whole : pixels;
    this.#finish(index, frame, whole, pixels, inference, wait);
  }

  /** Without an await in between: the next decode overwrites this segmentation. */
  #finish(
    index: number,
    frame: Frame,
    pixels: Nv12Frame | undefined,
    { picture, cut }: Pick<Nv12Frame, 'picture' | 'cut'>,
    inference: Inference,
    wait: number,
  ): void {
    try {
      let segmentation: Segmentation;
      let timings: LiveTimings;
      try {
        // With a spare slot, the engine gets the next frame before this one is decoded.
        this.#pump();
        const start = this.#now();
        const { tensors, letterbox, ahead } = inference;
        segmentation = this.#segmenter.decoder.decode(tensors, letterbox, picture, cut, ahead);
        segmentation = this.#handlers.track?.(index, frame, segmentation) ?? segmentation;
        const decode = this.#now() - start + (ahead?.milliseconds ?? 0);
        const { preprocess, inference: network } = inference.timings;
        timings = { wait, preprocess, inference: network, decode };
      } finally {
        // At the latest, the engine gets the next frame before this one's messages are written.
        inference.release();
        this.#leave();
      }
      this.#handlers.result(index, frame, pixels, segmentation, timings);
      this.#cameras[index]!.counts.answered++;
    } catch (error) {
      this.#fail(index, frame, error);
    }
  }

  #fail(index: number, frame: Frame, error: unknown): void {
    this.#cameras[index]!.counts.failed++;
    this.#handlers.failure(
      index,
      frame,
      error instanceof Error ? error : new ExpectationError('a segmented frame', messageOf(error)),
    );
  }

  #leave(): void {
    this.#inFlight--;
    this.#pump();
    if (this.#inFlight > 0) return;
    const idle = this.#idle;
    this.#idle = [];
    for (const resolve of idle) resolve();
  }
}

function isCameraEngine(engine: Engine): engine is CameraEngine {
  return 'attach' in engine;
}

/** Whether submit() will get a slot. It is reserved if native subscriptions take slots, too. */
function claim(engine: Engine): boolean {
  return !isCameraEngine(engine) || engine.claim();
}
