import type { Nv12Frame } from '../vision/picture/nv12-frame.js';
import type { PictureSize } from '../vision/picture/picture-size.js';
import { partFrame, type Region } from '../vision/picture/region.js';
import { addon } from './addon.js';
import { expectation, fromNative } from './failure.js';

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
