#pragma once

#include <cstddef>
#include <cstdint>

#include "nv12/picture.h"

/**
 * Row kernels of color conversion, BT.601, in integers: every implementation gives the same bytes.
 *
 * From YUV. The matrix has 13 bits; the four pixels of a 2x2 block share its chroma pair:
 *
 *     R = clamp(((Y - black) * yy + (V - 128) * rv + 2^12) >> 13)     likewise G and B
 *
 * Shared and not interpolated, because that is what the models see on the BPU (the D-Robotics toolchain
 * repeats the pair), and because the networks prefer it: on twelve photos the heads of YOLOv8n-seg are 22 %
 * nearer (rms) to those of the RGB photo than with chroma upsampled by a triangle filter, though the picture
 * itself is not.
 *
 * To YUV. The matrix has 15 bits; chroma is that of the sum of the 2x2 block:
 *
 *     Y = black + (R * yr + G * yg + B * yb + 2^14) >> 15
 *     U = min(255, 128 + (sum(R) * ur + sum(G) * ug + sum(B) * ub + 2^16) >> 17)     half up, >> rounds down
 */
namespace nv12 {

/**
 * Multiply an 8-bit value by this to map it to 0..1: a single rounding, so vector code gives the same bits.
 */
constexpr float kFloatUnit = 1.0f / 255.0f;

/** YUV to RGB, coefficients times 2^13. All fit in 16 bits, for 16-bit multipliers. */
struct ToRgb {
  int16_t black;
  int16_t yy;
  int16_t rv;
  int16_t gu;
  int16_t gv;
  int16_t bu;
};

/**
 * RGB to YUV, coefficients times 2^15. The chroma rows sum to 0 and the luma row to the range, so gray stays
 * gray. All fit in 16 bits.
 */
struct ToYuv {
  int black;
  int16_t yr, yg, yb;
  int16_t ur, ug, ub;
  int16_t vr, vg, vb;
};

constexpr int kToRgbBits = 13;
constexpr int kToYuvBits = 15;

const ToRgb& ToRgbOf(Range range);
const ToYuv& ToYuvOf(Range range);

namespace portable {

/**
 * Two rows of three-channel pixels to two rows of luma and one of chroma. `red` is the index of the red
 * channel (0 or 2); green is 1, blue is 2 - red. Width is even.
 */
void YuvOfRgbRows(const uint8_t* upper, const uint8_t* lower, int red, size_t width, const ToYuv& matrix,
                  uint8_t* upper_luma, uint8_t* lower_luma, uint8_t* chroma);

/** The same for four-channel pixels; the fourth channel is ignored. */
void YuvOfRgbaRows(const uint8_t* upper, const uint8_t* lower, int red, size_t width, const ToYuv& matrix,
                   uint8_t* upper_luma, uint8_t* lower_luma, uint8_t* chroma);

/**
 * Two rows of YUV 4:2:2, two bytes per pixel, to two rows of luma and one of chroma, (upper + lower + 1) >>
 * 1. `luma_at` is the position of luma: 0 for Y U Y V, 1 for U Y V Y. Width is even.
 */
void YuvOf422Rows(const uint8_t* upper, const uint8_t* lower, size_t luma_at, size_t width,
                  uint8_t* upper_luma, uint8_t* lower_luma, uint8_t* chroma);

/** Swaps the bytes of each pair in a row of `width` bytes, an even number. `out` may equal `in`. */
void SwapPairsRow(const uint8_t* in, size_t width, uint8_t* out);

/** 16-bit gray to 8 bits: floor(min(255, (v * 255 + white / 2) / white)). `white` is 1 to 65535. */
void GrayOf16Row(const uint8_t* row, bool big_endian, uint32_t white, size_t width, uint8_t* gray);

/** Luma of a row of gray pixels. */
void LumaOfGrayRow(const uint8_t* gray, size_t width, const ToYuv& matrix, uint8_t* luma);

/** One row of even width to three rows of floats: the 8-bit value times 1/255 (as float32). */
void PlanarFloatRow(const uint8_t* luma, const uint8_t* chroma, size_t width, const ToRgb& matrix, float* red,
                    float* green, float* blue);

/** One row of even width to R, G, B bytes. */
void RgbRow(const uint8_t* luma, const uint8_t* chroma, size_t width, const ToRgb& matrix, uint8_t* rgb);

}  // namespace portable
}  // namespace nv12
