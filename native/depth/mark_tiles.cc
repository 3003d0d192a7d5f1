#include "depth/mark_tiles.h"

#include <algorithm>

#include "depth/lanes.h"

namespace depth {
namespace {

using B16 = uint8_t __attribute__((vector_size(16)));

/** Marks of a tile of 16 columns. */
uint32_t CountSixteen(const uint8_t* marks, size_t width, int rows) {
  B16 sums{};
  for (int row = 0; row < rows; row++, marks += width) sums += LoadOnce<B16>(marks);
  uint64_t halves[2];
  std::memcpy(halves, &sums, sizeof sums);
  // Bytes are 16 at most. Two of them each in 16 bits, and all of those in the uppermost.
  constexpr uint64_t kEven = 0x00ff00ff00ff00ff;
  const uint64_t pairs =
      (halves[0] & kEven) + (halves[0] >> 8 & kEven) + (halves[1] & kEven) + (halves[1] >> 8 & kEven);
  return static_cast<uint32_t>(pairs * 0x0001000100010001 >> 48);
}

uint32_t CountAny(const uint8_t* marks, size_t width, int columns, int rows) {
  uint32_t sum = 0;
  for (int row = 0; row < rows; row++, marks += width)
    for (int column = 0; column < columns; column++) sum += marks[column] & 1;
  return sum;
}

}  // namespace

void MarkTiles::Count(Grid<uint8_t> marks, int side) {
  shift_ = 4;
  while (shift_ > 1 && 1 << shift_ > side) shift_--;
  width_ = marks.width;
  height_ = marks.height;
  const int tile = 1 << shift_;
  const auto across = static_cast<size_t>((width_ - 1) >> shift_) + 1;
  const auto down = static_cast<size_t>((height_ - 1) >> shift_) + 1;
  stride_ = across + 1;
  sums_.assign(stride_ * (down + 1), 0);
  const auto width = static_cast<size_t>(width_);
  for (size_t y = 0; y < down; y++) {
    const int top = static_cast<int>(y) << shift_;
    const int rows = std::min(tile, height_ - top);
    const uint8_t* line = marks.cells + static_cast<size_t>(top) * width;
    const uint32_t* above = sums_.data() + y * stride_;
    uint32_t* sums = sums_.data() + (y + 1) * stride_;
    uint32_t row_sum = 0;
    for (size_t x = 0; x < across; x++) {
      const int left = static_cast<int>(x) << shift_;
      const int columns = std::min(tile, width_ - left);
      row_sum += columns == 16 ? CountSixteen(line + left, width, rows)
                               : CountAny(line + left, width, columns, rows);
      sums[x + 1] = above[x + 1] + row_sum;
    }
  }
}

}  // namespace depth
