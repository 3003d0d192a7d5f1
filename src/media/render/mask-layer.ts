import { cellOf, firstPixel } from '../../vision/mask/mask-scale.js';
import type { Instance, Segmentation } from '../../vision/mask/segmentation.js';
import { BLACK, type Rgb } from '../../vision/picture/palette.js';
import { type RgbPicture } from './rgb-picture.js';

/** Opacity of masks in overlays: the picture beneath stays recognizable. */
export const DEFAULT_MASK_OPACITY = 0.44;
/** Owner of a pixel outside all masks. */
const NOBODY = 0;
/** The largest owner's number. */
const MAX_OWNERS = 0xffff;

/**
 * Draws instance masks: translucent inside, with an opaque outline that runs just within each mask's edge.
 *
 * Every pixel belongs to the instance with the best score that covers it, so overlapping masks do not mix colors. Buffers
 * are kept for the next picture of the same size.
 */
export class MaskLayer {
  /** For each pixel, 1 + position of the instance it belongs to. */
  private owners = new Uint16Array(0);
  /** For each column of the picture, the column of the mask grid. */
  private gridColumns = new Int32Array(0);
  private gridWidth = 0;
  /** The part of the picture covered by masks: [left, right) x [top, bottom). */
  private left = 0;
  private right = 0;
  private top = 0;
  private bottom = 0;

  /**
   * @param colors one for each instance, in the instances' order
   * @param line width of the outline in pixels
   * @param opacity how much of a mask's color covers the picture beneath, 0 to 1
   */
  draw(
    picture: RgbPicture,
    segmentation: Segmentation,
    colors: readonly Rgb[],
    line: number,
    opacity = DEFAULT_MASK_OPACITY,
  ): void {
    this.fitTo(picture, segmentation.maskWidth);
    const instances = segmentation.instances;
    for (let i = 0; i < instances.length && i < MAX_OWNERS; i++) {
      this.claim(picture, segmentation, instances[i]!, i + 1);
    }
    this.blend(picture, colors, line, Math.round(opacity * 256));
  }

  private fitTo({ width, height }: RgbPicture, gridWidth: number): void {
    if (this.owners.length !== width * height) this.owners = new Uint16Array(width * height);
    else this.owners.fill(NOBODY);
    if (this.gridColumns.length !== width || this.gridWidth !== gridWidth) {
      this.gridColumns = Int32Array.from({ length: width }, (_, x) => cellOf(x, width, gridWidth));
      this.gridWidth = gridWidth;
    }
    [this.left, this.right, this.top, this.bottom] = [width, 0, height, 0];
  }

  /** Assigns the free pixels under the instance's mask to `owner`. */
  private claim(picture: RgbPicture, segmentation: Segmentation, { mask }: Instance, owner: number): void {
    const { width, height } = picture;
    const { maskWidth, maskHeight } = segmentation;
    const left = firstPixel(mask.x, width, maskWidth);
    const right = firstPixel(mask.x + mask.width, width, maskWidth);
    const top = firstPixel(mask.y, height, maskHeight);
    const bottom = firstPixel(mask.y + mask.height, height, maskHeight);
    if (!(left < right && top < bottom)) return;
    this.left = Math.min(this.left, left);
    this.right = Math.max(this.right, right);
    this.top = Math.min(this.top, top);
    this.bottom = Math.max(this.bottom, bottom);

    const { owners, gridColumns } = this;
    const { data } = mask;
    for (let y = top; y < bottom; y++) {
      const row = (cellOf(y, height, maskHeight) - mask.y) * mask.width - mask.x;
      const line = y * width;
      for (let x = left; x < right; x++) {
        if (data[row + gridColumns[x]!] === 1 && owners[line + x] === NOBODY) owners[line + x] = owner;
      }
    }
  }

  /** Colors every owned pixel: opaque within `line` pixels of another owner's or the picture's edge, else translucent: `fill` 256ths. */
  private blend(
    { width, height, data }: RgbPicture,
    colors: readonly Rgb[],
    line: number,
    fill: number,
  ): void {
    const { owners, left, right, top, bottom } = this;
    const above = line * width;
    let drawn = NOBODY;
    let [red, green, blue] = BLACK;
    for (let y = top; y < bottom; y++) {
      const atEdge = y < line || y >= height - line;
      for (let x = left, at = y * width + left; x < right; x++, at++) {
        const owner = owners[at]!;
        if (owner === NOBODY) continue;
        if (owner !== drawn) {
          [red, green, blue] = colors[owner - 1]!;
          drawn = owner;
        }
        const outline =
          atEdge ||
          x < line ||
          x >= width - line ||
          owners[at - line] !== owner ||
          owners[at + line] !== owner ||
          owners[at - above] !== owner ||
          owners[at + above] !== owner;
        const to = at * 3;
        if (outline) {
          data[to] = red;
          data[to + 1] = green;
          data[to + 2] = blue;
        } else {
          data[to] = (data[to]! * (256 - fill) + red * fill) >> 8;
          data[to + 1] = (data[to + 1]! * (256 - fill) + green * fill) >> 8;
          data[to + 2] = (data[to + 2]! * (256 - fill) + blue * fill) >> 8;
        }
      }
    }
  }
}
