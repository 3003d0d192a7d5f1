#pragma once

#include "camera/message.h"
#include "nv12/picture.h"

namespace camera {

/** A rectangle in pixels; x and y are its upper left corner. */
struct Region {
  int x;
  int y;
  int width;
  int height;
};

/**
 * The part of a picture of `width` x `height` that the model sees for the region of interest `wanted`
 * (parameter roi).
 *
 * The region is rounded outward to even pixels, because YUV pixels share chroma and a view cannot begin in
 * the middle of a pair. It is then clipped to the picture. So x and y are even; width and height are even
 * except at the edge of a picture with an odd size. The result does not depend on the encoding.
 * @param wanted corner from 0 to kMaxDimension, size from 1 to kMaxDimension
 * @throws Failure when the region does not intersect the picture
 */
Region ClipRegion(const Region& wanted, int width, int height);

/** Whether part of the region lies outside the picture. */
bool Exceeds(const Region& wanted, int width, int height);

/** The warning for a region that exceeds the picture. */
Failure ExceedingRegion(const Region& wanted, int width, int height);

/** A view of the part. @param part from ClipRegion() with the view's size */
ImageView Crop(const ImageView& view, const Region& part);

/** The same for a frame that holds the picture. */
nv12::Source Crop(const nv12::Source& frame, const Region& part);

}  // namespace camera
