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
import type { PageClient } from './page-client.js';
import { NO_START, type Packed, type PictureEncoder } from './picture-encoder.js';
import type { MessageStart } from './picture-protocol.js';

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

/** A frame on its way to pages. */
interface Delivery {
  readonly sequence: number;
  readonly clients: readonly PageClient[];
  /** The message as a WebSocket frame; undefined if its picture could not be made. */
  bytes: Uint8Array | undefined;
  /** Whether there is a message, or will be none. */
  ready: boolean;
}

/** Sends the results of one camera to pages and listeners. Without any, a result costs a few checks of lists. */
export class CameraFeed {
  #tracer = new OutlineTracer();
  readonly #masks = new MaskPacker();
  /** In the order of the frames. */
  readonly #deliveries: Delivery[] = [];
  #idle: (() => void)[] = [];
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
    /** Who gets a message or picture, each of which is made once. */
    const told = new Map<LivePictureSize, Packed[]>();
    const make = (size: LivePictureSize, start: MessageStart, done: Packed): void => {
      const others = told.get(size);
      if (others) return void others.push(done);
      const all = [done];
      told.set(size, all);
      this.#packing++;
      if (pixels) this.encoded++;
      this.encoder.pack(pixels, this.range, size, start, (error, packed) => {
        this.#packing--;
        for (const tell of all) tell(error, packed);
      });
    };
    const tools = { tracer: this.#tracer, tolerance: this.tolerance };
    const content = new FrameContent(header, segmentation, tools, timings);
    if (pages.length > 0) {
      const period = 1000 / MOST_RATE;
      this.#due = Math.max(this.#due, now - period / 2) + period;
      const sequence = (this.#sequence = (this.#sequence + 1) >>> 0);
      const { stamp } = header;
      // Properties one by one: objects spread into others are slow to make.
      const frame = writeFrame({
        camera,
        sequence,
        stamp,
        segmentation,
        timings,
        distanceOf: (i) => this.distanceOf(segmentation.instances[i]!),
      });
      const start = { frame, masks: this.#masks.pack(segmentation), tolerance: this.tolerance() };
      for (const { client } of pages) client.expect(camera, sequence);
      for (const size of PICTURE_SIZES) {
        const readers = pages.filter((page) => page.size === size).map(({ client }) => client);
        if (readers.length === 0) continue;
        const delivery: Delivery = { sequence, clients: readers, bytes: undefined, ready: false };
        this.#deliveries.push(delivery);
        markSize(frame, size);
        make(size, start, (_, packed) => this.#finish(delivery, packed?.bytes));
      }
    }
    for (const listener of listening) {
      let picture: Promise<Buffer> | undefined;
      if (pixels && listener.wants(camera).picture && (this.#packing < MOST_PACKING || pages.length > 0)) {
        picture = new Promise((resolve, reject) =>
          make('full', NO_START, (error, packed) => {
            if (packed) resolve(packed.bytes.subarray(packed.fileAt));
            else reject(error!);
          }),
        );
        // The listener handles its error later; until then it must not count as unhandled.
        picture.catch(() => undefined);
      }
      listener.result(camera, content, picture);
    }
  }

  /** Resolves when all frames so far are sent or dropped. */
  async idle(): Promise<void> {
    if (this.#deliveries.length > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  /** @param bytes undefined: there will be no message */
  #finish(delivery: Delivery, bytes: Uint8Array | undefined): void {
    delivery.bytes = bytes;
    delivery.ready = true;
    // In the order of the frames, though a later picture may be ready first.
    for (let first = this.#deliveries[0]; first?.ready; first = this.#deliveries[0]) {
      this.#deliveries.shift();
      this.#send(first);
    }
    if (this.#deliveries.length > 0) return;
    for (const resolve of this.#idle) resolve();
    this.#idle = [];
  }

  #send({ sequence, clients, bytes }: Delivery): void {
    for (const client of clients) {
      // A picture that cannot be made is not shown; the next one may be.
      if (!bytes) client.forget(this.camera, sequence);
      else if (client.sendFrame(this.camera, sequence, bytes)) {
        this.sent++;
        this.sentBytes += bytes.length;
      }
    }
  }
}
