import { type ColorRange, DEFAULT_COLOR_RANGE } from '../../vision/picture/color-range.js';
import type { FrameResult } from '../../pipeline/segmenter.js';
import { Overlay, type OverlayOptions } from '../../media/render/overlay.js';
import type { RgbPicture } from '../../media/render/rgb-picture.js';

/** Draws the overlay of a result once for all outputs. */
export class OverlayRenderer {
  readonly #overlay: Overlay;
  #picture: RgbPicture | undefined;
  #drawn: FrameResult | undefined;

  constructor(
    options: OverlayOptions,
    readonly range: ColorRange = DEFAULT_COLOR_RANGE,
  ) {
    this.#overlay = new Overlay(options);
  }

  /** @returns the picture with masks, boxes and labels; valid until the next result is rendered */
  render(result: FrameResult): RgbPicture {
    if (this.#drawn === result && this.#picture) return this.#picture;
    const { frame, segmentation } = result;
    const length = 3 * frame.frame.width * frame.frame.height;
    const into = this.#picture?.data.length === length ? this.#picture.data : undefined;
    this.#picture = this.#overlay.paint(frame.frame, segmentation, this.range, into);
    this.#drawn = result;
    return this.#picture;
  }
}
