#pragma once

#include <cstddef>
#include <cstdint>

#include "nv12/picture.h"

/**
 * Row kernels of colour conversion, BT.601, in integers: every implementation gives the same bytes.
 *
 * From YUV. Chroma is upsampled by a triangle filter, 3/4 of the near sample and 1/4 of the far one on each
 * axis: bilinear for chroma in the middle of its 2x2 block, and what libjpeg does ("fancy upsampling") to the
 * pictures that models are trained on. It is kept exact in sixteenths; so is luma; the matrix has 13 bits:
 *
 *     R = clamp((16 (Y - black) * yy + V16 * rv + 2^16) >> 17)        V16 = 16 (V - 128), likewise G and B
 *
 * To YUV. The matrix has 15 bits; chroma is that of the sum of the 2x2 block:
 *
 *     Y = black + (R * yr + G * yg + B * yb + 2^14) >> 15
 *     U = min(255, 128 + (sum(R) * ur + sum(G) * ug + sum(B) * ub + 2^16) >> 17)     half up, >> rounds down
 */
namespace nv12 {

/** YUV to RGB, coefficients times 2^13. All fit 16 bits, for multipliers of that width. */
struct ToRgb {
  int16_t black16;  // 16 times the luma of black
  int16_t yy;
  int16_t rv;
  int16_t gu;
  int16_t gv;
  int16_t bu;
};

/** RGB to YUV, coefficients times 2^15. Rows of chroma sum to 0, that of luma to the range: greys stay grey.
 */
struct ToYuv {
  int black;
  int yr, yg, yb;
  int ur, ug, ub;
  int vr, vg, vb;
};

const ToRgb& ToRgbOf(Range range);
const ToYuv& ToYuvOf(Range range);

/** Vertical half of chroma upsampling: out[i] = 3 near[i] + far[i] - 512, in quarters around 0. */
void BlendChromaRows(const uint8_t* near, const uint8_t* far, size_t bytes, int16_t* out);

/**
 * Horizontal half: `pairs` U, V pairs of BlendChromaRows become 2 * pairs values of u and of v, in
 * sixteenths. One more pair is read on either side of `row`.
 */
void SpreadChroma(const int16_t* row, size_t pairs, int16_t* u, int16_t* v);

/** One row to three planes of floats: the 8-bit value times 1/255 (as float32). */
void ToPlanarFloat(const uint8_t* luma, const int16_t* u, const int16_t* v, size_t width, const ToRgb& matrix,
                   float* red, float* green, float* blue);

/** One row to R, G, B bytes. */
void ToInterleaved(const uint8_t* luma, const int16_t* u, const int16_t* v, size_t width, const ToRgb& matrix,
                   uint8_t* rgb);

/** Luma of a row of three-channel pixels; `red` is the channel of red (0 or 2), green is 1, blue is 2 - red.
 */
void LumaOfRgb(const uint8_t* rgb, int red, size_t width, const ToYuv& matrix, uint8_t* luma);

/** Chroma of two rows of three-channel pixels. */
void ChromaOfRgb(const uint8_t* upper, const uint8_t* lower, int red, size_t pairs, const ToYuv& matrix,
                 uint8_t* chroma);

/** Luma of a row of greys. */
void LumaOfGrey(const uint8_t* grey, size_t width, const ToYuv& matrix, uint8_t* luma);

}  // namespace nv12
