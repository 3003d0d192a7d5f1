import { type Rgb, textColor } from '../../vision/picture/palette.js';
import { fillRectangle, type RgbPicture } from './rgb-picture.js';
import { Typeface } from './text.js';

/** Position of a label: its text on a plate of the instance's color. */
export interface Plate {
  readonly text: string;
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** Corners of the labeled object, in pixels of the picture. */
export interface Anchor {
  readonly x1: number;
  readonly y1: number;
  readonly x2: number;
  readonly y2: number;
}

/** Places and draws the labels of one picture size. */
export class LabelPlates {
  private readonly typeface: Typeface;
  private readonly paddingX: number;
  private readonly paddingY: number;

  constructor(
    readonly width: number,
    readonly height: number,
    capital: number,
  ) {
    this.typeface = new Typeface(capital);
    this.paddingX = Math.max(2, Math.round(capital * 0.4));
    this.paddingY = this.typeface.drop;
  }

  /**
   * Finds a place for a label: above the box, below it or within it, at its left or its right corner. Returns the first free
   * one, else the one that covers the least of `taken`. Plates lie within the picture; wider text is truncated. Undefined if
   * not even one row of text fits.
   */
  place(text: string, box: Anchor, taken: readonly Plate[]): Plate | undefined {
    const high = this.typeface.capital + 2 * this.paddingY;
    const fitting = this.typeface.fit(text, this.width - 2 * this.paddingX);
    if (high > this.height || fitting === '') return undefined;
    const wide = this.typeface.measure(fitting) + 2 * this.paddingX;
    let best: Plate | undefined;
    let leastCovered = Infinity;
    for (const y of [box.y1 - high, box.y2, box.y1, box.y2 - high]) {
      const top = Math.round(y);
      if (top < 0 || top + high > this.height) continue;
      for (const x of [box.x1, box.x2 - wide]) {
        const left = Math.round(Math.min(Math.max(0, x), this.width - wide));
        const plate = { text: fitting, left, top, right: left + wide, bottom: top + high };
        const covered = taken.reduce((sum, other) => sum + overlap(plate, other), 0);
        if (covered === 0) return plate;
        if (covered < leastCovered) [best, leastCovered] = [plate, covered];
      }
    }
    return best;
  }

  draw(picture: RgbPicture, plate: Plate, color: Rgb): void {
    fillRectangle(picture, plate.left, plate.top, plate.right, plate.bottom, color);
    const baseline = plate.bottom - this.paddingY;
    this.typeface.draw(picture, plate.text, plate.left + this.paddingX, baseline, textColor(color));
  }
}

/** Number of pixels that two plates share. */
function overlap(a: Plate, b: Plate): number {
  const width = Math.min(a.right, b.right) - Math.max(a.left, b.left);
  const height = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
  return width > 0 && height > 0 ? width * height : 0;
}
