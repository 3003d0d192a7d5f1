#pragma once

#include <cstddef>
#include <cstdint>

/**
 * Row kernels of the bilinear scaler.
 *
 * Weights have 7 bits. Rows are blended first, exactly, into 16 bits (255 * 128 < 2^15); then columns, and
 * only there is rounded, once:
 *
 *     out = (sum of source * weightY * weightX + 2^13) >> 14        (half up)
 *
 * So the result does not depend on the order of the passes or on how a kernel is vectorised: every
 * implementation gives the same bytes.
 */
namespace nv12 {

/** Bits of a weight, and its one. */
constexpr int kWeightBits = 7;
constexpr int kWeightOne = 1 << kWeightBits;

/** Interpolates between source[index] and source[index + 1]; weight is that of the latter, 0 to 127. */
struct Tap {
  uint16_t index;
  uint16_t weight;
};

/**
 * The tap of target pixel `i` when `source` pixels are scaled to `target` ones, centre on centre: position
 * (i + 0.5) * source / target - 0.5, to the nearest 1/128 (half up), kept within the picture.
 * On the last source pixel the weight is 0 and index + 1 is outside.
 */
Tap TapOf(int i, int source, int target);

/** out[i] = a[i] * (128 - weight) + b[i] * weight; `weight` from 0 to 128, out in 1/128. */
void BlendRows(const uint8_t* a, const uint8_t* b, int weight, size_t count, uint16_t* out);

/** Picks `count` pixels from a blended row. The row must have one readable pixel beyond its last. */
void PickLuma(const uint16_t* row, const Tap* taps, size_t count, uint8_t* out);

/** The same for `count` U, V pairs; taps count pairs, and one pair beyond the last must be readable. */
void PickChroma(const uint16_t* row, const Tap* taps, size_t count, uint8_t* out);

}  // namespace nv12
