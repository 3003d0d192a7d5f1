#pragma once

#include <cstddef>
#include <cstdint>

/** The decoder's inner loops in C++. They depend on neither JavaScript nor an engine, and only read and
 * write memory. */
namespace decode {

/** Element types of a head tensor, by the numbers that blocks have (src/vision/decode/head-block.ts). */
enum class Type : int32_t { kFloat32 = 0, kInt8 = 1, kUint8 = 2, kInt16 = 3, kUint16 = 4, kInt32 = 5 };

inline size_t BytesOf(Type type) {
  switch (type) {
    case Type::kInt8:
    case Type::kUint8:
      return 1;
    case Type::kInt16:
    case Type::kUint16:
      return 2;
    default:
      return 4;
  }
}

/** The location of a head in its output, like Head of head-layout.ts; strides in elements. */
struct Head {
  Type type = Type::kFloat32;
  int height = 0;
  int width = 0;
  int channels = 0;
  ptrdiff_t stride_y = 0;
  ptrdiff_t stride_x = 0;
  ptrdiff_t stride_c = 0;
  int first = 0;
  /** x = (q - zero[c]) * scale[c]; null where values are real numbers already. */
  const double* scale = nullptr;
  const double* zero = nullptr;

  int cells() const { return height * width; }
  /** Index of the first channel of a cell; cells count row by row. */
  ptrdiff_t At(int cell) const {
    const int y = cell / width;
    return first * stride_c + y * stride_y + (cell - y * width) * stride_x;
  }
  /** Minimum number of elements of the output. */
  uint64_t Needed() const {
    const auto last = [](int count, ptrdiff_t stride) {
      return static_cast<uint64_t>(count - 1) * static_cast<uint64_t>(stride);
    };
    return last(height, stride_y) + last(width, stride_x) + last(first + channels, stride_c) + 1;
  }
};

/** Calls `use` with the values in their own type. */
template <typename Use>
auto WithType(Type type, const void* values, Use use) {
  switch (type) {
    case Type::kInt8:
      return use(static_cast<const int8_t*>(values));
    case Type::kUint8:
      return use(static_cast<const uint8_t*>(values));
    case Type::kInt16:
      return use(static_cast<const int16_t*>(values));
    case Type::kUint16:
      return use(static_cast<const uint16_t*>(values));
    case Type::kInt32:
      return use(static_cast<const int32_t*>(values));
    default:
      return use(static_cast<const float*>(values));
  }
}

}  // namespace decode
