import { Decoder } from '../vision/decode/decoder.js';
import { type HeadRole, recognizeHeads } from '../vision/decode/heads.js';
import type { DecodeOptions } from '../vision/decode/options.js';
import type { DepthContent } from '../message/depth-content.js';
import type { Segmentation } from '../vision/mask/segmentation.js';
import type { Engine, Inference } from '../engine/engine.js';
import { ExpectationError, messageOf } from '../base/expect.js';
import { type BadFrame, isBadFrame, type SourceFrame } from '../vision/picture/frame-source.js';
import type { Nv12Frame } from '../vision/picture/nv12-frame.js';
import { cutOut } from '../native/cut-out.js';
import { type Region } from '../vision/picture/region.js';
import type { CameraTracking } from './tracking.js';
import type { StageTimings } from '../message/write/stage-timings.js';

/** The outcome of one frame. */
export interface FrameResult<Frame extends SourceFrame = SourceFrame> {
  readonly frame: Frame;
  /** Valid until the next result is requested. */
  readonly segmentation: Segmentation;
  readonly timings: StageTimings;
  /** A possible problem with the frame or its region. */
  readonly warning: string | undefined;
  /** Where the instances are in space; absent: there is no depth picture of the frame. */
  readonly depth?: DepthContent | undefined;
}

export interface SegmenterOptions extends DecodeOptions {
  /** Role of each output in order, for models whose heads cannot be told apart. */
  heads?: readonly HeadRole[] | undefined;
  /** Number of class names known for the model. */
  labelCount?: number | undefined;
}

/** Combines an engine and a decoder: frames in, segmentations out, with as many frames in flight as the engine has slots. */
export class Segmenter {
  readonly decoder: Decoder;
  #options: DecodeOptions;

  /** @throws ExpectationError when the model's outputs are not supported heads or an option is out of range */
  constructor(
    readonly engine: Engine,
    options: SegmenterOptions = {},
  ) {
    const { input, outputs, labels, classCount, chosen } = engine.model;
    const layout = recognizeHeads(outputs, input, {
      roles: options.heads,
      classCount: options.labelCount ?? classCount ?? labels?.length,
      chosen,
    });
    const decoder = new Decoder(layout, options, engine.kernels);
    engine.planAhead?.(decoder.plan);
    this.decoder = decoder;
    this.#options = options;
  }

  /** The decoder's options, as they were given last. */
  get options(): DecodeOptions {
    return this.#options;
  }

  /** Replaces the decoder's options, from the next frame that is decoded on. @throws ExpectationError, and keeps the old ones */
  setOptions(options: DecodeOptions): void {
    const prepared = this.decoder.prepare(options);
    // The engine first, for it may refuse; then neither has changed.
    this.engine.planAhead?.(prepared.plan);
    prepared.use();
    this.#options = options;
  }

  /**
   * Segments every frame of a source in order, without dropping any. While one is decoded and used, the next are in the
   * engine. A frame that fails is passed on as a BadFrame and does not stop the others.
   *
   * @param region of the pictures that the model sees; default: all of them. Results have the coordinates of the whole
   * picture
   * @param tracking gives instances the ids of objects; one for each camera or video
   */
  async *segment<Frame extends SourceFrame>(
    frames: AsyncIterable<Frame | BadFrame>,
    region?: Region,
    tracking?: CameraTracking,
  ): AsyncGenerator<FrameResult<Frame> | BadFrame> {
    const iterator = frames[Symbol.asyncIterator]();
    const inFlight: (BadFrame | Submitted<Frame>)[] = [];
    let submitted = 0;
    let ended = false;
    const fill = async (): Promise<void> => {
      while (!ended && submitted < this.engine.slots) {
        const next = await iterator.next();
        if (next.done) {
          ended = true;
        } else if (isBadFrame(next.value)) {
          inFlight.push(next.value);
        } else {
          const started = this.#submit(next.value, region);
          inFlight.push(started);
          if (!isBadFrame(started)) submitted++;
        }
      }
    };
    try {
      await fill();
      for (let next = inFlight.shift(); next; next = inFlight.shift()) {
        if (isBadFrame(next)) {
          yield next;
          continue;
        }
        const result = await this.#finish(next, tracking);
        submitted--;
        await fill();
        yield result;
      }
    } finally {
      ended = true;
      for (const item of inFlight)
        if (!isBadFrame(item)) (await item.inference.catch(() => undefined))?.release();
      await iterator.return?.();
    }
  }

  #submit<Frame extends SourceFrame>(frame: Frame, region: Region | undefined): BadFrame | Submitted<Frame> {
    try {
      const { view, warning } = region
        ? cutOut(frame.frame, region)
        : { view: frame.frame, warning: undefined };
      const inference = this.engine.submit(view);
      // It is awaited later, in order; until then a failure must not count as unhandled.
      inference.catch(() => undefined);
      return { frame, view, warning, inference };
    } catch (error) {
      return badFrame(frame, error);
    }
  }

  async #finish<Frame extends SourceFrame>(
    { frame, view, warning: exceeding, inference: pending }: Submitted<Frame>,
    tracking: CameraTracking | undefined,
  ): Promise<FrameResult<Frame> | BadFrame> {
    let inference: Inference | undefined;
    try {
      inference = await pending;
      const start = performance.now();
      const { picture, cut } = view;
      const found = this.decoder.decode(
        inference.tensors,
        inference.letterbox,
        picture,
        cut,
        inference.ahead,
      );
      const segmentation = tracking?.apply(frame.stamp, found) ?? found;
      const decode = performance.now() - start + (inference.ahead?.milliseconds ?? 0);
      const warning = frame.warning ?? exceeding ?? tracking?.warning;
      return { frame, segmentation, timings: { ...inference.timings, decode }, warning };
    } catch (error) {
      return badFrame(frame, error);
    } finally {
      inference?.release();
    }
  }
}

/** A frame in the engine. */
interface Submitted<Frame> {
  readonly frame: Frame;
  /** The part that the model sees. */
  readonly view: Nv12Frame;
  /** A possible problem with that part. */
  readonly warning: string | undefined;
  readonly inference: Promise<Inference>;
}

function badFrame({ source, index }: SourceFrame, error: unknown): BadFrame {
  const cause = error instanceof Error ? error : new ExpectationError('a segmented frame', messageOf(error));
  return { source, index, error: cause };
}

export function isResult<Frame extends SourceFrame>(
  item: FrameResult<Frame> | BadFrame,
): item is FrameResult<Frame> {
  return 'segmentation' in item;
}
