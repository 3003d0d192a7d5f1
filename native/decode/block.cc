#include "decode/block.h"

#include "decode/once.h"

namespace decode {

bool ReadBlock(const int32_t* numbers, size_t length, const double* scales, size_t scale_count, Head& head,
               std::string& problem) {
  int32_t block[kBlockLength] = {};
  for (size_t i = 0; i < kBlockLength && i < length; i++) block[i] = Once(numbers + i);
  if (length != kBlockLength || block[0] != kBlockVersion) {
    problem = "a block of version " + std::to_string(block[0]) + " and length " + std::to_string(length);
    return false;
  }
  constexpr int32_t kMost = 1 << 24;
  for (size_t i = 1; i < kBlockLength; i++) {
    const bool extent = i >= 2 && i <= 4;
    const int32_t most = i == 1 ? static_cast<int32_t>(Type::kInt32) : i >= 5 && i <= 7 ? INT32_MAX : kMost;
    if (block[i] >= (extent ? 1 : 0) && block[i] <= most) continue;
    problem = "field " + std::to_string(i) + " of " + std::to_string(block[i]);
    return false;
  }
  head.type = static_cast<Type>(block[1]);
  head.height = block[2];
  head.width = block[3];
  head.channels = block[4];
  head.stride_y = block[5];
  head.stride_x = block[6];
  head.stride_c = block[7];
  head.first = block[8];
  const auto channels = static_cast<size_t>(head.channels);
  if (static_cast<int64_t>(head.height) * head.width > kMost) {
    problem = "more cells than there are";
    return false;
  }
  // Each cell must have its own elements: with strides of 0, one value would be a grid of any size.
  const uint64_t elements = static_cast<uint64_t>(head.cells()) * channels;
  if (elements > head.Needed()) {
    problem = std::to_string(elements) + " elements that lie within " + std::to_string(head.Needed());
    return false;
  }
  if (scale_count != 0 && scale_count != 2 * channels) {
    problem =
        std::to_string(scale_count) + " scales and zero points for " + std::to_string(channels) + " channels";
    return false;
  }
  head.scale = scale_count == 0 ? nullptr : scales;
  head.zero = scale_count == 0 ? nullptr : scales + channels;
  return true;
}

}  // namespace decode
