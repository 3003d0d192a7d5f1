import { ExpectationError, expectInteger } from '../../base/expect.js';
import { type Cut, frameSize, MAX_DIMENSION, type Nv12Frame } from './nv12-frame.js';
import type { PictureSize } from './picture-size.js';

/** A rectangle of a picture in pixels, by its upper left corner. */
export interface Region {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/**
 * A region from text such as `480,270,960,540`: x, y, width, height.
 *
 * @param name of the option or parameter, for the error
 * @returns undefined for an empty text: the whole picture
 * @throws ExpectationError for anything else
 */
export function parseRegion(name: string, text: string): Region | undefined {
  if (text.trim() === '') return undefined;
  const parts = text.split(',').map((part) => part.trim());
  if (parts.length !== 4 || !parts.every((part) => /^\d+$/.test(part))) {
    throw new ExpectationError(
      `x,y,width,height in pixels for ${name}`,
      text,
      "For example 480,270,960,540; '' is the whole picture.",
    );
  }
  const [x, y, width, height] = parts.map(Number) as [number, number, number, number];
  return {
    x: expectInteger(`x in ${name}`, x, 0, MAX_DIMENSION),
    y: expectInteger(`y in ${name}`, y, 0, MAX_DIMENSION),
    width: expectInteger(`the width in ${name}`, width, 1, MAX_DIMENSION),
    height: expectInteger(`the height in ${name}`, height, 1, MAX_DIMENSION),
  };
}

/** Inverse of parseRegion. */
export function regionText(region: Region | undefined): string {
  return region ? `${region.x},${region.y},${region.width},${region.height}` : '';
}

/** The frame for a part of a picture. @param planes of the part */
export function partFrame(
  planes: Omit<Nv12Frame, 'width' | 'height' | 'picture' | 'cut'>,
  part: PictureSize,
  cut: Cut,
): Nv12Frame {
  const { width, height } = frameSize(part);
  const odd = width !== part.width || height !== part.height;
  const picture = odd ? { width: part.width, height: part.height } : undefined;
  return { ...planes, width, height, picture, cut };
}
