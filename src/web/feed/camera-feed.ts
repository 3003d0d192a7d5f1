import { type Clock, steadyClock } from '../../base/clock.js';
import { FrameContent } from '../../message/frame-content.js';
import type { StageTimings } from '../../message/write/stage-timings.js';
import { OutlineTracer } from '../../vision/mask/outlines.js';
import type { Instance, Segmentation } from '../../vision/mask/segmentation.js';
import type { ColorRange } from '../../vision/picture/color-range.js';
import type { FrameHeader } from '../../vision/picture/frame-source.js';
import type { Nv12Frame } from '../../vision/picture/nv12-frame.js';
import type { Kernels } from '../../vision/tensor/kernels.js';
import { type LivePictureSize, PICTURE_SIZES } from '../protocol/frame-format.js';
import { MaskPacker } from '../protocol/frame-contours.js';
import { markSize, writeFrame } from '../protocol/frame-writer.js';
import type { MessageStart } from './thread-protocol.js';
import type { PageClient } from './page-client.js';
import { type FileDone, NO_START, type PageWorker } from './page-worker.js';

/** Frames of a camera that are made at the same time; when they all are, the next is not sent. */
const MOST_MAKING = 2;
/** Pictures a second that pages get of a camera. */
const MOST_RATE = 30;

/** A result and its frame. */
export interface LiveResult {
  readonly header: FrameHeader;
  /** Absent if the node does not have them. */
  readonly pixels: Nv12Frame | undefined;
  /** Valid only during the call, like the pixels. */
  readonly segmentation: Segmentation;
  readonly timings: StageTimings & { readonly wait?: number };
}

/** A receiver of a camera's results besides pages: Foxglove or a recording. */
export interface Listener {
  /** Whether it needs the results of the camera, and its pictures. */
  wants(camera: number): { readonly results: boolean; readonly picture: boolean };
  /**
   * @param content valid only during the call
   * @param picture the frame as a JPEG file in full size, if it was wanted and could be made
   */
  result(camera: number, content: FrameContent, picture: Promise<Buffer> | undefined): void;
}

/** Sends the results of one camera to pages and listeners. Without any, a result costs a few checks of lists. */
export class CameraFeed {
  #tracer = new OutlineTracer();
  readonly #masks = new MaskPacker();
  #sequence = 0;
  /** When the next frame may be sent to pages. */
  #due = -Infinity;
  /** JPEG files made. */
  encoded = 0;

  constructor(
    private readonly camera: number,
    private readonly range: ColorRange,
    private readonly worker: PageWorker,
    private readonly clients: ReadonlySet<PageClient>,
    private readonly listeners: readonly Listener[],
    private readonly tolerance: () => number,
    private readonly clock: Clock = steadyClock,
    private readonly distanceOf: (instance: Instance) => number | undefined = () => undefined,
  ) {}

  /** @param kernels of the engine in use, for contours */
  setKernels(kernels: Kernels | undefined): void {
    this.#tracer = new OutlineTracer(kernels);
  }

  /** Whether a client or a listener needs results of the camera, and so its pixels. */
  get wanted(): boolean {
    for (const client of this.clients) if (client.watches(this.camera)) return true;
    return this.listeners.some((listener) => listener.wants(this.camera).results);
  }

  /** Frames sent to pages, each counted once for each page, and their bytes. */
  get sent(): { readonly frames: number; readonly bytes: number } {
    return this.worker.sent(this.camera);
  }

  /** The sequence number of the newest frame that was sent to a page since the thread of pages began; 0: none. */
  get newestSent(): number {
    return this.worker.newest(this.camera);
  }

  /** Takes a result. Never throws for reasons that clients could cause, never waits. */
  result(result: LiveResult): void {
    const { camera } = this;
    const now = this.clock();
    // Sends every second frame of a camera at 60 FPS, and every frame of one at 30 FPS, even if it comes a little early.
    const due = now >= this.#due;
    const behind = this.worker.making(camera) >= MOST_MAKING;
    const ready: { readonly client: PageClient; readonly size: LivePictureSize }[] = [];
    if (due) {
      for (const client of this.clients) {
        if (!behind) {
          const size = client.ready(camera);
          if (size) ready.push({ client, size });
        } else if (client.watches(camera)) client.behind++;
      }
    }
    const listening = this.listeners.filter((listener) => listener.wants(camera).results);
    /** Who is told of the picture as a file. */
    const told: FileDone[] = [];
    if (listening.length > 0) this.#listen(result, listening, !behind || ready.length > 0 ? told : undefined);
    if (ready.length > 0) this.#send(result, ready, told, now);
    else if (told.length > 0) this.#make(result, 'full', 0, NO_START, [], told);
  }

  /** A frame could not be made. @param pages numbers of those that do not get it */
  failed(sequence: number, pages: readonly number[]): void {
    for (const client of this.clients) if (pages.includes(client.page)) client.forget(this.camera, sequence);
  }

  /** @param told takes who is told of the picture; undefined: there will be none */
  #listen(result: LiveResult, listening: readonly Listener[], told: FileDone[] | undefined): void {
    const { camera } = this;
    const { header, pixels, segmentation, timings } = result;
    const content = new FrameContent(
      header,
      segmentation,
      { tracer: this.#tracer, tolerance: this.tolerance },
      timings,
    );
    for (const listener of listening) {
      let picture: Promise<Buffer> | undefined;
      if (pixels && told && listener.wants(camera).picture) {
        picture = new Promise((resolve, reject) =>
          told.push((error, file) => {
            if (file) resolve(file);
            else reject(error!);
          }),
        );
        // The listener handles its error later; until then it must not count as unhandled.
        picture.catch(() => undefined);
      }
      listener.result(camera, content, picture);
    }
  }

  #send(
    result: LiveResult,
    ready: readonly { readonly client: PageClient; readonly size: LivePictureSize }[],
    told: readonly FileDone[],
    now: number,
  ): void {
    const { camera } = this;
    const { header, segmentation, timings } = result;
    const period = 1000 / MOST_RATE;
    this.#due = Math.max(this.#due, now - period / 2) + period;
    const sequence = (this.#sequence = (this.#sequence + 1) >>> 0);
    // Properties one by one: objects spread into others are slow to make.
    const frame = writeFrame({
      camera,
      sequence,
      stamp: header.stamp,
      segmentation,
      timings,
      distanceOf: (i) => this.distanceOf(segmentation.instances[i]!),
    });
    const start = { frame, masks: this.#masks.pack(segmentation), tolerance: this.tolerance() };
    for (const { client } of ready) client.expect(camera, sequence);
    for (const size of PICTURE_SIZES) {
      const pages = ready.filter((page) => page.size === size).map(({ client }) => client.page);
      const files = size === 'full' ? told : NOBODY;
      if (pages.length > 0) {
        markSize(frame, size);
        this.#make(result, size, sequence, start, pages, files);
      } else if (files.length > 0) this.#make(result, size, sequence, NO_START, pages, files);
    }
  }

  #make(
    { pixels }: LiveResult,
    size: LivePictureSize,
    sequence: number,
    start: MessageStart,
    pages: readonly number[],
    files: readonly FileDone[],
  ): void {
    const { camera, range } = this;
    if (pixels) this.encoded++;
    const done: FileDone = (error, file) => {
      for (const tell of files) tell(error, file);
    };
    const request = { camera, pixels, range, size, sequence, start, pages };
    this.worker.make(request, files.length > 0 ? done : undefined);
  }
}

const NOBODY: readonly FileDone[] = [];
