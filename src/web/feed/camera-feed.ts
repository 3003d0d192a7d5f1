import { type Clock, steadyClock } from '../../base/clock.js';
import { SerialQueue } from '../../base/serial-queue.js';
import { FrameContent } from '../../message/frame-content.js';
import type { StageTimings } from '../../message/write/stage-timings.js';
import { OutlineTracer } from '../../vision/mask/outlines.js';
import type { Instance, Segmentation } from '../../vision/mask/segmentation.js';
import type { ColorRange } from '../../vision/picture/color-range.js';
import type { FrameHeader } from '../../vision/picture/frame-source.js';
import type { Nv12Frame } from '../../vision/picture/nv12-frame.js';
import type { Kernels } from '../../vision/tensor/kernels.js';
import { type LivePictureSize, PICTURE_SIZES } from '../protocol/frame-format.js';
import { markSize, writeFrame } from '../protocol/frame-writer.js';
import type { PageClient } from './page-client.js';
import type { PictureEncoder } from './picture-encoder.js';

/** Pictures of a camera that are compressed at the same time; when they all are, a frame is not sent. */
const MOST_PACKING = 2;
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
  readonly #queue = new SerialQueue();
  #packing = 0;
  #sequence = 0;
  /** When the next frame may be sent to pages. */
  #due = -Infinity;
  /** Frames sent to pages, each counted once for each page. */
  sent = 0;
  /** Bytes of these. */
  sentBytes = 0;
  /** JPEG files made. */
  encoded = 0;

  constructor(
    private readonly camera: number,
    private readonly range: ColorRange,
    private readonly encoder: PictureEncoder,
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

  /** Takes a result. Never throws for reasons that clients could cause, never waits. */
  result(result: LiveResult): void {
    const { camera } = this;
    const now = this.clock();
    const pages: { readonly client: PageClient; readonly size: LivePictureSize }[] = [];
    // Sends every second frame of a camera at 60 FPS, and every frame of one at 30 FPS, even if it comes a little early.
    const due = now >= this.#due;
    if (due && this.#packing < MOST_PACKING) {
      for (const client of this.clients) {
        const size = client.ready(camera);
        if (size) pages.push({ client, size });
      }
    } else if (due) {
      for (const client of this.clients) if (client.watches(camera)) client.behind++;
    }
    const listening = this.listeners.filter((listener) => listener.wants(camera).results);
    if (pages.length === 0 && listening.length === 0) return;

    const { header, pixels, segmentation, timings } = result;
    const pictures = new Map<LivePictureSize, Promise<Buffer>>();
    const pictureOf = (size: LivePictureSize): Promise<Buffer> | undefined => {
      if (!pixels || (this.#packing >= MOST_PACKING && pages.length === 0)) return undefined;
      let picture = pictures.get(size);
      if (!picture) {
        this.#packing++;
        this.encoded++;
        picture = this.encoder.encode(pixels, this.range, size).finally(() => void this.#packing--);
        // The receivers of the picture handle its error; until then it must not count as unhandled.
        picture.catch(() => undefined);
        pictures.set(size, picture);
      }
      return picture;
    };
    const tools = { tracer: this.#tracer, tolerance: this.tolerance };
    const content = new FrameContent(header, segmentation, tools, timings);
    if (pages.length > 0) {
      const period = 1000 / MOST_RATE;
      this.#due = Math.max(this.#due, now - period / 2) + period;
      const sequence = (this.#sequence = (this.#sequence + 1) >>> 0);
      for (const { client } of pages) client.expect(camera, sequence);
      const { stamp } = header;
      const { outlines } = content;
      const head = writeFrame({
        ...{ camera, sequence, stamp, segmentation, outlines, timings },
        distanceOf: (i) => this.distanceOf(segmentation.instances[i]!),
      });
      for (const size of PICTURE_SIZES) {
        const readers = pages.filter((page) => page.size === size).map(({ client }) => client);
        if (readers.length > 0) this.#deliver(sequence, head, size, pictureOf(size), readers);
      }
    }
    for (const listener of listening) {
      listener.result(camera, content, listener.wants(camera).picture ? pictureOf('full') : undefined);
    }
  }

  /** Resolves when all frames so far are sent or dropped. */
  idle(): Promise<void> {
    return this.#queue.idle();
  }

  #deliver(
    sequence: number,
    head: Uint8Array,
    size: LivePictureSize,
    picture: Promise<Buffer> | undefined,
    clients: readonly PageClient[],
  ): void {
    // In the order of the frames, though a later picture may be ready first.
    void this.#queue.run(async () => {
      try {
        const file = picture ? await picture : new Uint8Array(0);
        markSize(head, size);
        const message = Buffer.concat([head, file]);
        for (const client of clients) {
          if (!client.sendFrame(this.camera, sequence, message)) continue;
          this.sent++;
          this.sentBytes += message.length;
        }
      } catch {
        // A picture that cannot be encoded is not shown; the next one may be.
        for (const client of clients) client.forget(this.camera, sequence);
      }
    });
  }
}
