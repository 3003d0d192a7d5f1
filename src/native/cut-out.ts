import type { Nv12Frame } from '../vision/picture/nv12-frame.js';
import type { PictureSize } from '../vision/picture/picture-size.js';
import { partFrame, type Region } from '../vision/picture/region.js';
import { addon } from './addon.js';
import { expectation, fromNative } from './failure.js';

/** The part of a picture that the model sees, and a possible problem with it. */
export interface ClippedRegion {
  readonly part: Region;
  readonly warning: string | undefined;
}

/**
 * The part of a picture of this size that the model sees: the region, rounded outward to even pixels and clipped to the
 * picture. Uses the code of native subscriptions (native/camera/region.h).
 *
 * @throws ExpectationError when the region does not intersect the picture
 */
export function clipRegion(region: Region, { width, height }: PictureSize): ClippedRegion {
  const { warning, ...part } = fromNative(() => addon().clipRegion(region, width, height));
  return { part, warning: warning ? expectation(warning).message : undefined };
}

/**
 * The region of a frame as a frame: a view of the same bytes, without copying. Returns the frame itself if the region
 * covers the whole picture.
 *
 * @throws ExpectationError when the region does not intersect the picture
 */
export function cutOut(
  frame: Nv12Frame,
  region: Region,
): { view: Nv12Frame; warning: ClippedRegion['warning'] } {
  const { width, height } = frame.picture ?? frame;
  const { part, warning } = clipRegion(region, { width, height });
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
