#pragma once

#include "nv12/picture.h"

/** Color conversion of whole pictures. The arithmetic is explained in color_rows.h. */
namespace nv12 {

struct Kernels;

/** To three planes of `width * height` floats from 0 to 1, red first: the [3, H, W] input of a network. */
void ToPlanarFloat(const Source& source, Range range, float* planes);

/** To packed R, G, B bytes, `3 * width * height` in total. */
void ToRgb8(const Source& source, Range range, uint8_t* rgb);

/**
 * Chroma is the average of its 2x2 block. For YUV 4:2:2, whose range is kept, it is the average of two rows.
 * The target has the size of the source, rounded up to even numbers.
 */
void FromPacked(const PackedImage& source, Range range, const Target& target);

/** From separate planes or V, U pairs of the same size. */
void FromPlanar(const PlanarImage& source, const Target& target);

/** Swaps U and V of a picture in place. */
void SwapChroma(const Target& picture);

/** The same with specific kernels (kernels.h), for tests and benchmarks. */
void ToPlanarFloat(const Source& source, Range range, float* planes, const Kernels& kernels);
void ToRgb8(const Source& source, Range range, uint8_t* rgb, const Kernels& kernels);
void FromPacked(const PackedImage& source, Range range, const Target& target, const Kernels& kernels);
void FromPlanar(const PlanarImage& source, const Target& target, const Kernels& kernels);

}  // namespace nv12
