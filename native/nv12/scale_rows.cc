#include "nv12/scale_rows.h"

#include <algorithm>

namespace nv12 {
namespace {

constexpr uint32_t kHalf = 1u << (2 * kWeightBits - 1);

inline uint8_t Interpolate(uint16_t a, uint16_t b, uint32_t weight) {
  return static_cast<uint8_t>((a * (kWeightOne - weight) + b * weight + kHalf) >> (2 * kWeightBits));
}

}  // namespace

Tap TapOf(int i, int source, int target) {
  // floor(128 * ((i + 1/2) * source / target - 1/2) + 1/2) over the common denominator 2 * target.
  const int64_t numerator = int64_t{kWeightOne} * ((2 * int64_t{i} + 1) * source - target) + target;
  const int64_t position = numerator < 0 ? 0 : numerator / (2 * int64_t{target});
  const int64_t last = int64_t{kWeightOne} * (source - 1);
  const int64_t inside = std::min(position, last);
  return {static_cast<uint16_t>(inside >> kWeightBits), static_cast<uint16_t>(inside & (kWeightOne - 1))};
}

void BlendRows(const uint8_t* __restrict a, const uint8_t* __restrict b, int weight, size_t count,
               uint16_t* __restrict out) {
  const auto of_b = static_cast<uint16_t>(weight);
  const auto of_a = static_cast<uint16_t>(kWeightOne - weight);
  for (size_t i = 0; i < count; i++) out[i] = static_cast<uint16_t>(a[i] * of_a + b[i] * of_b);
}

void PickLuma(const uint16_t* __restrict row, const Tap* __restrict taps, size_t count,
              uint8_t* __restrict out) {
  for (size_t i = 0; i < count; i++) {
    const uint16_t* pixel = row + taps[i].index;
    out[i] = Interpolate(pixel[0], pixel[1], taps[i].weight);
  }
}

void PickChroma(const uint16_t* __restrict row, const Tap* __restrict taps, size_t count,
                uint8_t* __restrict out) {
  for (size_t i = 0; i < count; i++) {
    const uint16_t* pair = row + 2 * size_t{taps[i].index};
    out[2 * i] = Interpolate(pair[0], pair[2], taps[i].weight);
    out[2 * i + 1] = Interpolate(pair[1], pair[3], taps[i].weight);
  }
}

}  // namespace nv12
