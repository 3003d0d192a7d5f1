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

/** Places along a large box at which a label is tried, in each direction. */
const TRIED = 6;

/** Places and draws the labels of one picture size. */
export class LabelPlates {
  private readonly typeface: Typeface;
  private readonly paddingX: number;
  private readonly paddingY: number;
  /** Rows of a plate. */
  private readonly high: number;
  /** Plates of this picture by their top rows: all are equally high, so that only neighboring lists may be in the way. */
  private readonly bands: Plate[][];

  constructor(
    readonly width: number,
    readonly height: number,
    capital: number,
  ) {
    this.typeface = new Typeface(capital);
    this.paddingX = Math.max(2, Math.round(capital * 0.4));
    this.paddingY = this.typeface.drop;
    this.high = this.typeface.capital + 2 * this.paddingY;
    this.bands = Array.from({ length: Math.ceil(height / this.high) + 1 }, () => []);
  }

  /** Forgets the plates of the picture before. */
  begin(): void {
    for (const band of this.bands) band.length = 0;
  }

  /**
   * Finds a place for a label that no other label of the picture has: above the box, below it or within it, at its left or its right
   * corner, then elsewhere in it. In a crowd a shorter text is taken. Plates lie within the picture; wider text is
   * truncated.
   *
   * @param texts the label, and shorter ones, if there are
   * @returns undefined if there is no place, or not even one row of text fits
   */
  place(texts: readonly string[], box: Anchor): Plate | undefined {
    if (this.high > this.height) return undefined;
    for (const text of texts) {
      const fitting = this.typeface.fit(text, this.width - 2 * this.paddingX);
      if (fitting === '') continue;
      const plate = this.find(fitting, box);
      if (!plate) continue;
      this.bands[Math.floor(plate.top / this.high)]!.push(plate);
      return plate;
    }
    return undefined;
  }

  draw(picture: RgbPicture, plate: Plate, color: Rgb): void {
    fillRectangle(picture, plate.left, plate.top, plate.right, plate.bottom, color);
    const baseline = plate.bottom - this.paddingY;
    this.typeface.draw(picture, plate.text, plate.left + this.paddingX, baseline, textColor(color));
  }

  private find(text: string, box: Anchor): Plate | undefined {
    const wide = this.typeface.measure(text) + 2 * this.paddingX;
    const { high } = this;
    for (const y of [box.y1 - high, box.y2, box.y1, box.y2 - high]) {
      for (const x of [box.x1, box.x2 - wide]) {
        const plate = this.freeAt(text, x, y, wide);
        if (plate) return plate;
      }
    }
    // Rows within the box, from above, each from left to right.
    const rows = Math.min(TRIED, Math.floor((box.y2 - box.y1) / high) - 1);
    const columns = Math.min(TRIED, Math.floor((2 * (box.x2 - box.x1)) / wide));
    for (let row = 0; row <= rows; row++) {
      const y = box.y1 + (rows > 0 ? (row * (box.y2 - box.y1 - high)) / rows : 0);
      for (let column = 0; column <= columns; column++) {
        const x = box.x1 + (columns > 0 ? (column * (box.x2 - box.x1 - wide)) / columns : 0);
        const plate = this.freeAt(text, x, y, wide);
        if (plate) return plate;
      }
    }
    return undefined;
  }

  /** The plate there, moved into the picture sideways; undefined if it is not free. */
  private freeAt(text: string, x: number, y: number, wide: number): Plate | undefined {
    const top = Math.round(y);
    const bottom = top + this.high;
    if (!(top >= 0 && bottom <= this.height)) return undefined;
    const left = Math.round(Math.min(Math.max(0, x), this.width - wide));
    const right = left + wide;
    const band = Math.floor(top / this.high);
    for (let i = Math.max(0, band - 1); i <= band + 1 && i < this.bands.length; i++) {
      for (const other of this.bands[i]!) {
        if (left < other.right && other.left < right && top < other.bottom && other.top < bottom)
          return undefined;
      }
    }
    return { text, left, top, right, bottom };
  }
}
