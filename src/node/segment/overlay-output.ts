import { SerialQueue } from '../../base/serial-queue.js';
import type { Segmentation } from '../../vision/mask/segmentation.js';
import { ColorBook } from '../../vision/picture/color-book.js';
import type { ColorRange } from '../../vision/picture/color-range.js';
import type { Nv12Frame } from '../../vision/picture/nv12-frame.js';
import type { FrameHeader } from '../../vision/picture/frame-source.js';
import { CompressedImageWriter, ImageWriter } from '../../message/write/image.js';
import { encodeJpeg } from '../../media/render/encode.js';
import { Overlay, type OverlayOptions } from '../../media/render/overlay.js';
import type { RawPublisher } from '../ros/ros-node.js';

/**
 * Maximum number of overlays that are compressed to JPEG at the same time. Compression takes longer than the frame period of a fast
 * camera, and runs on other threads. When all of them are busy, a frame's compressed overlay is left out and counted: detections are not
 * delayed.
 */
const MOST_PACKING = 3;

/** Draws overlays for subscribers of `~/overlay` (rgb8) and `~/overlay/compressed` (JPEG). */
export class OverlayOutput {
  #overlay = new Overlay({ labels: [] });
  #quality = 80;
  /** Chooses the colors; another one is used from the next setOptions() on. */
  book = new ColorBook();
  readonly #image = new ImageWriter();
  readonly #compressed = new CompressedImageWriter();
  /** Pictures that are not being compressed at the moment. */
  readonly #free: Uint8Array[] = [];
  #packing = 0;
  /** Compressed overlays are published in the order of their frames. */
  readonly #queue = new SerialQueue();
  /** Number of frames without a compressed overlay, because too many were being compressed. */
  skipped = 0;

  /** @param fail called with the error of an overlay that could not be compressed or published */
  constructor(
    private readonly raw: RawPublisher | undefined,
    private readonly jpeg: RawPublisher | undefined,
    private readonly range: ColorRange,
    private readonly fail: (error: unknown) => void,
  ) {}

  /** @param quality of JPEG, 1 to 100 */
  setOptions(options: OverlayOptions, quality: number): void {
    this.#overlay = new Overlay({ book: this.book, ...options });
    this.#quality = quality;
  }

  /** Whether there is a subscriber. */
  get wanted(): boolean {
    return (this.raw?.subscriptions ?? 0) > 0 || (this.jpeg?.subscriptions ?? 0) > 0;
  }

  publish(header: FrameHeader, frame: Nv12Frame, segmentation: Segmentation): void {
    const wantsRaw = this.raw !== undefined && this.raw.subscriptions > 0;
    let wantsJpeg = this.jpeg !== undefined && this.jpeg.subscriptions > 0;
    if (wantsJpeg && this.#packing >= MOST_PACKING) {
      wantsJpeg = false;
      this.skipped++;
    }
    if (!wantsRaw && !wantsJpeg) return;
    const { width, height } = segmentation;
    const layout = { width, height, encoding: 'rgb8', step: 3 * width };
    // A picture of odd size is inside a larger frame, and needs the frame's memory until it is painted.
    if (!wantsJpeg && frame.picture === undefined) {
      const { bytes, data } = this.#image.prepare(header, layout);
      this.#overlay.paint(frame, segmentation, this.range, data);
      this.raw!.publish(bytes);
      return;
    }
    let memory = this.#free.pop();
    const room = 3 * frame.width * frame.height;
    if (memory?.length !== room) memory = new Uint8Array(room);
    const picture = this.#overlay.paint(frame, segmentation, this.range, memory);
    if (wantsRaw) this.raw.publish(this.#image.write(header, layout, picture.data));
    if (!wantsJpeg) {
      this.#free.push(memory);
      return;
    }
    this.#packing++;
    const kept = { stamp: header.stamp, frameId: header.frameId };
    const packed = encodeJpeg(picture, this.#quality);
    packed.catch(() => undefined); // reported below, in order
    const owned = memory;
    void this.#queue.run(async () => {
      try {
        this.jpeg!.publish(this.#compressed.write(kept, 'jpeg', await packed));
      } catch (error) {
        this.fail(error);
      } finally {
        this.#packing--;
        this.#free.push(owned);
      }
    });
  }

  /** Waits until all overlays are published. */
  idle(): Promise<void> {
    return this.#queue.idle();
  }
}
