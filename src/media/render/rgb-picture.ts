import { type Rgb } from '../../vision/picture/palette.js';
import { expectInteger } from '../../base/expect.js';
import { MAX_DIMENSION } from '../../vision/picture/nv12-frame.js';

/** A packed 8-bit RGB picture (ROS encoding `rgb8`): row-major, 3 bytes per pixel, no padding. */
export interface RgbPicture {
  readonly width: number;
  readonly height: number;
  /** `width * height * 3` bytes. */
  readonly data: Uint8Array;
}

/** A new black picture. @throws ExpectationError for a size outside [1, MAX_DIMENSION] */
export function rgbPicture(width: number, height: number): RgbPicture {
  expectInteger('the picture width', width, 1, MAX_DIMENSION);
  expectInteger('the picture height', height, 1, MAX_DIMENSION);
  return { width, height, data: new Uint8Array(width * height * 3) };
}

/** Fills the rectangle [left, right) x [top, bottom), clipped to the picture; empty and non-finite ones draw nothing. */
export function fillRectangle(
  picture: RgbPicture,
  left: number,
  top: number,
  right: number,
  bottom: number,
  color: Rgb,
): void {
  const x0 = Math.max(0, Math.round(left));
  const x1 = Math.min(picture.width, Math.round(right));
  const y0 = Math.max(0, Math.round(top));
  const y1 = Math.min(picture.height, Math.round(bottom));
  if (!(x0 < x1 && y0 < y1)) return;
  const { data, width } = picture;
  const first = (y0 * width + x0) * 3;
  const end = first + (x1 - x0) * 3;
  for (let at = first; at < end; at += 3) {
    data[at] = color[0];
    data[at + 1] = color[1];
    data[at + 2] = color[2];
  }
  for (let y = y0 + 1; y < y1; y++) data.copyWithin((y * width + x0) * 3, first, end);
}

/**
 * Draws the border of the rectangle [left, right) x [top, bottom), `line` pixels wide and inside it, clipped to the picture.
 */
export function strokeRectangle(
  picture: RgbPicture,
  left: number,
  top: number,
  right: number,
  bottom: number,
  line: number,
  color: Rgb,
): void {
  const x0 = Math.round(left);
  const x1 = Math.round(right);
  const y0 = Math.round(top);
  const y1 = Math.round(bottom);
  fillRectangle(picture, x0, y0, x1, Math.min(y1, y0 + line), color);
  fillRectangle(picture, x0, Math.max(y0, y1 - line), x1, y1, color);
  fillRectangle(picture, x0, y0, Math.min(x1, x0 + line), y1, color);
  fillRectangle(picture, Math.max(x0, x1 - line), y0, x1, y1, color);
}

/** Draws a line, `line` pixels wide, clipped to the picture. */
export function strokeLine(
  picture: RgbPicture,
  x0: number,
  y0: number,
  x1: number,
  y1: number,
  line: number,
  color: Rgb,
): void {
  const steps = Math.max(1, Math.ceil(Math.max(Math.abs(x1 - x0), Math.abs(y1 - y0))));
  if (!Number.isFinite(steps)) return;
  for (let step = 0; step <= steps; step++) {
    const x = Math.round(x0 + ((x1 - x0) * step) / steps - line / 2);
    const y = Math.round(y0 + ((y1 - y0) * step) / steps - line / 2);
    fillRectangle(picture, x, y, x + line, y + line, color);
  }
}

/** Copies all of `from` into `onto` with its top left corner at (left, top), clipped to the target. */
export function copyPicture(from: RgbPicture, onto: RgbPicture, left: number, top: number): void {
  const x0 = Math.max(0, left);
  const x1 = Math.min(onto.width, left + from.width);
  if (x0 >= x1) return;
  const y1 = Math.min(onto.height, top + from.height);
  for (let y = Math.max(0, top); y < y1; y++) {
    const at = ((y - top) * from.width + x0 - left) * 3;
    onto.data.set(from.data.subarray(at, at + (x1 - x0) * 3), (y * onto.width + x0) * 3);
  }
}
