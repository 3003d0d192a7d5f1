import type { Segmentation } from '../../vision/mask/segmentation.js';
import { ColorBook } from '../../vision/picture/color-book.js';
import type { ColorRange } from '../../vision/picture/color-range.js';
import type { Nv12Frame } from '../../vision/picture/nv12-frame.js';
import type { FrameHeader } from '../../vision/picture/frame-source.js';
import { ImageWriter } from '../../message/write/image.js';
import { encodeJpeg } from '../../media/render/encode.js';
import { Overlay, type OverlayOptions } from '../../media/render/overlay.js';
import type { RawPublisher } from '../ros/ros-node.js';
import { PackedOutput } from './packed-output.js';

/** Compression takes longer than the frame period of a fast camera. */
const MOST_PACKING = 3;

/** Draws overlays for subscribers of `~/overlay` (rgb8) and `~/overlay/compressed` (JPEG). */
export class OverlayOutput {
  #overlay = new Overlay({ labels: [] });
  #quality = 80;
  /** Chooses the colors; another one is used from the next setOptions() on. */
  book = new ColorBook();
  readonly #image = new ImageWriter();
  readonly #jpeg: PackedOutput<Uint8Array>;

  /** @param fail called with the error of an overlay that could not be compressed or published */
  constructor(
    private readonly raw: RawPublisher | undefined,
    jpeg: RawPublisher | undefined,
    private readonly range: ColorRange,
    fail: (error: unknown) => void,
  ) {
    this.#jpeg = new PackedOutput(jpeg, MOST_PACKING, (bytes) => new Uint8Array(bytes), fail);
  }

  /** Number of frames without a compressed overlay, because too many were being compressed. */
  get skipped(): number {
    return this.#jpeg.skipped;
  }

  /** @param quality of JPEG, 1 to 100 */
  setOptions(options: OverlayOptions, quality: number): void {
    this.#overlay = new Overlay({ book: this.book, ...options });
    this.#quality = quality;
  }

  /** Whether there is a subscriber. */
  get wanted(): boolean {
    return (this.raw?.subscriptions ?? 0) > 0 || this.#jpeg.wanted;
  }

  publish(header: FrameHeader, frame: Nv12Frame, segmentation: Segmentation): void {
    const wantsRaw = this.raw !== undefined && this.raw.subscriptions > 0;
    const wantsJpeg = this.#jpeg.admits();
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
    const memory = this.#jpeg.take(3 * frame.width * frame.height);
    const picture = this.#overlay.paint(frame, segmentation, this.range, memory);
    if (wantsRaw) this.raw.publish(this.#image.write(header, layout, picture.data));
    if (wantsJpeg)
      this.#jpeg.publish(header, 'jpeg', memory, encodeJpeg(picture, this.#quality, '4:4:4', 'standard'));
    else this.#jpeg.giveBack(memory);
  }

  /** Waits until all overlays are published. */
  idle(): Promise<void> {
    return this.#jpeg.idle();
  }
}
