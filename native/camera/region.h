#pragma once

#include "camera/message.h"
#include "nv12/picture.h"

namespace camera {

/** A rectangle of a picture in pixels, by its upper left corner. */
struct Region {
  int x;
  int y;
  int width;
  int height;
};

/**
 * What the model sees of a picture of `width` x `height` when `wanted` (parameter roi) is the region of
 * interest: rounded outward to even pixels, for those of YUV share their chroma and a view cannot begin in
 * the middle of a pair; then cut to the picture. So x and y are even, and width and height where they do not
 * end with a picture of odd size. The same for every encoding, that results do not depend on it.
 *
 * @param wanted corner of 0 to kMaxDimension, size of 1 to kMaxDimension
 * @throws Failure when no pixel of it lies in the picture
 */
Region PartOf(const Region& wanted, int width, int height);

/** Whether some of the region lies outside of the picture. */
bool Exceeds(const Region& wanted, int width, int height);

/** What to tell the user of a region that exceeds the picture. */
Failure ExceedingRegion(const Region& wanted, int width, int height);

/** The part as a view on the view's memory. @param part from PartOf() with the view's size */
ImageView Crop(const ImageView& view, const Region& part);

/** The same of a frame that holds the picture. */
nv12::Source Crop(const nv12::Source& frame, const Region& part);

}  // namespace camera
