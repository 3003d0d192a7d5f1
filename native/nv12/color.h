#pragma once

#include "nv12/picture.h"

/** Colour conversion of whole pictures. Arithmetic and the reasons for it: color_rows.h. */
namespace nv12 {

/** To three planes of `width * height` floats from 0 to 1, red first: a network's [3, H, W] input. */
void ToPlanarFloat(const Source& source, Range range, float* planes);

/** To packed R, G, B bytes, `3 * width * height` of them. */
void ToRgb8(const Source& source, Range range, uint8_t* rgb);

/** From rgb8, bgr8 or mono8; chroma is the average of its 2x2 block. The two pictures have the same size. */
void FromInterleaved(const Interleaved& source, Range range, const Target& target);

}  // namespace nv12
