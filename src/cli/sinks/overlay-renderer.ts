import { type ColorRange, DEFAULT_COLOR_RANGE } from '../../frame/color.js';
import { nv12ToRgb } from '../../frame/convert.js';
import type { FrameResult } from '../../pipeline/segmenter.js';
import { Overlay } from '../../render/overlay.js';
import { type RgbPicture, rgbPicture } from '../../render/rgb-picture.js';

/** Draws the overlay of a result once, however many outputs want it. */
export class OverlayRenderer {
  readonly #overlay: Overlay;
  #picture: RgbPicture | undefined;
  #drawn: FrameResult | undefined;

  constructor(
    labels: readonly string[],
    readonly range: ColorRange = DEFAULT_COLOR_RANGE,
  ) {
    this.#overlay = new Overlay({ labels });
  }

  /** @returns the picture with masks, boxes and labels; valid until the next result is rendered */
  render(result: FrameResult): RgbPicture {
    if (this.#drawn === result && this.#picture) return this.#picture;
    const { frame } = result.frame;
    if (this.#picture?.width !== frame.width || this.#picture.height !== frame.height) {
      this.#picture = rgbPicture(frame.width, frame.height);
    }
    nv12ToRgb(frame, this.range, this.#picture.data);
    this.#overlay.draw(this.#picture, result.segmentation);
    this.#drawn = result;
    return this.#picture;
  }
}
