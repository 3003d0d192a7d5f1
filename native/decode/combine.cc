#include <algorithm>
#include <cmath>

#include "decode/kernels.h"

namespace decode {
namespace portable {
namespace {

constexpr size_t kLanes = 8;

inline float Finite(float sum) { return std::isfinite(sum) ? sum : -1.0F; }

inline float Sum(const float (&lanes)[kLanes], float bias) {
  float half[4];
  for (size_t j = 0; j < 4; j++) half[j] = lanes[j] + lanes[j + 4];
  return ((half[0] + half[1]) + (half[2] + half[3])) + bias;
}

template <typename Value>
void CombineCells(const Head& head, const Value* row, const Combination& task, float* sums) {
  const auto channels = static_cast<size_t>(head.channels);
  const size_t columns = task.columns();
  for (size_t i = 0; i < columns; i++, row += head.stride_x) {
    float lanes[kLanes] = {};
    for (size_t k = 0; k < channels; k++) {
      const float product =
          task.factors[k] * static_cast<float>(row[static_cast<ptrdiff_t>(k) * head.stride_c]);
      // Not 0 + product: the first one may be -0.
      lanes[k % kLanes] = k < kLanes ? product : lanes[k % kLanes] + product;
    }
    sums[i] = Finite(Sum(lanes, task.bias));
  }
}

/** For cells that are contiguous for each channel: a block of cells at a time, so that their lanes stay in
 * the first-level cache. */
template <typename Value>
void CombinePlanes(const Head& head, const Value* row, const Combination& task, float* sums) {
  constexpr size_t kBlock = 64;
  const auto channels = static_cast<size_t>(head.channels);
  const size_t columns = task.columns();
  for (size_t start = 0; start < columns; start += kBlock) {
    const size_t count = std::min(kBlock, columns - start);
    float lanes[kLanes][kBlock] = {};
    for (size_t k = 0; k < channels; k++) {
      const Value* plane = row + start + static_cast<ptrdiff_t>(k) * head.stride_c;
      float* lane = lanes[k % kLanes];
      const float factor = task.factors[k];
      if (k < kLanes) {
        for (size_t i = 0; i < count; i++) lane[i] = factor * static_cast<float>(plane[i]);
      } else {
        for (size_t i = 0; i < count; i++) lane[i] += factor * static_cast<float>(plane[i]);
      }
    }
    for (size_t i = 0; i < count; i++) {
      const float half[4] = {lanes[0][i] + lanes[4][i], lanes[1][i] + lanes[5][i], lanes[2][i] + lanes[6][i],
                             lanes[3][i] + lanes[7][i]};
      sums[start + i] = Finite(((half[0] + half[1]) + (half[2] + half[3])) + task.bias);
    }
  }
}

}  // namespace

void Combine(const Head& head, const void* values, const Combination& task, float* sums) {
  WithType(head.type, values, [&](const auto* data) {
    for (int y = task.first_row; y <= task.last_row; y++, sums += task.columns()) {
      const auto* row =
          data + head.first * head.stride_c + y * head.stride_y + task.first_column * head.stride_x;
      if (head.stride_x == 1 && head.stride_c != 1) {
        CombinePlanes(head, row, task, sums);
      } else {
        CombineCells(head, row, task, sums);
      }
    }
  });
}

}  // namespace portable
}  // namespace decode
