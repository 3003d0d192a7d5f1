import { ExpectationError, expectInteger } from '../expect.js';
import { addon } from '../native/addon.js';
import { expectation, fromNative } from '../native/failure.js';
import { frameSize, MAX_DIMENSION, type Nv12Frame } from './nv12-frame.js';
import type { PictureSize } from './picture-size.js';

/** A rectangle of a picture in pixels, by its upper left corner. */
export interface Region {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Where a frame lies in the picture that it is a part of. */
export interface Cut {
  /** Upper left corner, even. */
  readonly x: number;
  readonly y: number;
  /** Size of the whole picture. */
  readonly picture: PictureSize;
  /** The frame with the whole picture; undefined where nobody made it. */
  readonly whole: Nv12Frame | undefined;
}

/**
 * A region from text such as `480,270,960,540`: x, y, width, height.
 *
 * @param name of where the text stands, for the error
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

/** What the model sees of a picture, and what may be wrong with that. */
export interface PartOfPicture {
  readonly part: Region;
  readonly warning: string | undefined;
}

/**
 * What the model sees of a picture of this size: the region, rounded outward to even pixels and cut to the picture. By the code
 * that native cameras use (native/camera/region.h).
 *
 * @throws ExpectationError when no pixel of the region lies in the picture
 */
export function partOf(region: Region, { width, height }: PictureSize): PartOfPicture {
  const { warning, ...part } = fromNative(() => addon().partOf(region, width, height));
  return { part, warning: warning ? expectation(warning).message : undefined };
}

/**
 * The region of a frame as a frame of its own: a view on the same bytes, no pixel is copied. The frame itself where the region
 * covers the picture: nothing is cut then.
 *
 * @throws ExpectationError when no pixel of the region lies in the picture
 */
export function cutOut(
  frame: Nv12Frame,
  region: Region,
): { view: Nv12Frame; warning: PartOfPicture['warning'] } {
  const { width, height } = frame.picture ?? frame;
  const { part, warning } = partOf(region, { width, height });
  if (part.width === width && part.height === height) return { view: frame, warning };
  const { x, y } = part;
  const { data, lumaStride, chromaStride, lumaOffset, chromaOffset } = frame;
  const planes = {
    ...{ data, lumaStride, chromaStride },
    lumaOffset: lumaOffset + y * lumaStride + x,
    chromaOffset: chromaOffset + (y / 2) * chromaStride + x,
  };
  return { view: partFrame(planes, part, { x, y, picture: { width, height }, whole: frame }), warning };
}

/** The frame that holds a part of a picture. @param planes those of the part */
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
