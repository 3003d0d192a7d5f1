import { expectInteger } from '../../base/expect.js';
import { MAX_DIMENSION } from './nv12-frame.js';

/** Luma of the padding: the 114 gray that Ultralytics models are trained with (chroma is neutral, 128). */
export const PAD_LUMA = 114;

/** How a picture is brought to the model's size: with its aspect and padding, or stretched to fill it. */
export type Fit = 'letterbox' | 'stretch';

/**
 * Maps source pixels to the model's input and back. No other code does.
 *
 * The picture is scaled to fit, with its aspect ratio, and centered; the rest is padding. NV12 has one chroma pair for
 * each 2x2 block, so the content's size and offset are even; therefore the scale of the two axes may differ
 * by a fraction of a percent, and each axis has its own. For networks that were trained so, the picture is stretched to fill
 * the input instead.
 *
 * Coordinates are continuous with pixel centers at .5: a source of width W spans [0, W].
 */
export class Letterbox {
  /** Size of the scaled picture within the model input; even. */
  readonly width: number;
  readonly height: number;
  /** Offset of the scaled picture within the model input; even. */
  readonly left: number;
  readonly top: number;
  /** Model pixels per source pixel, for each axis. */
  readonly scaleX: number;
  readonly scaleY: number;

  constructor(
    readonly sourceWidth: number,
    readonly sourceHeight: number,
    readonly modelWidth: number,
    readonly modelHeight: number,
    fit: Fit = 'letterbox',
  ) {
    for (const [name, value] of Object.entries({ sourceWidth, sourceHeight, modelWidth, modelHeight })) {
      expectInteger(name, value, 2, MAX_DIMENSION);
    }
    const scale =
      fit === 'stretch' ? Infinity : Math.min(modelWidth / sourceWidth, modelHeight / sourceHeight);
    this.width = evenWithin(sourceWidth * scale, modelWidth);
    this.height = evenWithin(sourceHeight * scale, modelHeight);
    this.left = 2 * Math.floor((modelWidth - this.width) / 4);
    this.top = 2 * Math.floor((modelHeight - this.height) / 4);
    this.scaleX = this.width / sourceWidth;
    this.scaleY = this.height / sourceHeight;
  }

  toModelX(x: number): number {
    return x * this.scaleX + this.left;
  }

  toModelY(y: number): number {
    return y * this.scaleY + this.top;
  }

  toSourceX(x: number): number {
    return (x - this.left) / this.scaleX;
  }

  toSourceY(y: number): number {
    return (y - this.top) / this.scaleY;
  }
}

/** The nearest even number to `length` in [2, limit]. */
function evenWithin(length: number, limit: number): number {
  const even = 2 * Math.round(length / 2);
  return Math.max(2, Math.min(even, limit - (limit % 2)));
}
