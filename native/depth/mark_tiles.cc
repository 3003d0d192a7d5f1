#include "depth/mark_tiles.h"

#include <algorithm>

#include "depth/lanes.h"

namespace depth {
namespace {

using B16 = uint8_t __attribute__((vector_size(16)));

/** Marks of two tiles of 8 columns, side by side; of 8 rows, or of fewer. */
template <int kRows>
void CountPair(const uint8_t* marks, size_t width, int rows, uint32_t (&counts)[2]) {
  B16 sums{};
  if constexpr (kRows > 0) rows = kRows;
  for (int row = 0; row < rows; row++, marks += width) sums += LoadOnce<B16>(marks);
  uint64_t halves[2];
  std::memcpy(halves, &sums, sizeof sums);
  // The sum of all eight bytes, 64 at most, in the uppermost.
  constexpr uint64_t kEach = 0x0101010101010101;
  counts[0] = static_cast<uint32_t>(halves[0] * kEach >> 56);
  counts[1] = static_cast<uint32_t>(halves[1] * kEach >> 56);
}

uint32_t CountAny(const uint8_t* marks, size_t width, int columns, int rows) {
  uint32_t sum = 0;
  for (int row = 0; row < rows; row++, marks += width)
    for (int column = 0; column < columns; column++) sum += marks[column] & 1;
  return sum;
}

}  // namespace

void MarkTiles::Count(Grid<uint8_t> marks, int side) {
  shift_ = 3;
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
    size_t x = 0;
    if (tile == 8) {
      for (const size_t pairs = width / 16 * 2; x < pairs; x += 2) {
        uint32_t counts[2];
        if (rows == 8) {
          CountPair<8>(line + 8 * x, width, rows, counts);
        } else {
          CountPair<0>(line + 8 * x, width, rows, counts);
        }
        row_sum += counts[0];
        sums[x + 1] = above[x + 1] + row_sum;
        row_sum += counts[1];
        sums[x + 2] = above[x + 2] + row_sum;
      }
    }
    for (; x < across; x++) {
      const int left = static_cast<int>(x) << shift_;
      row_sum += CountAny(line + left, width, std::min(tile, width_ - left), rows);
      sums[x + 1] = above[x + 1] + row_sum;
    }
  }
}

}  // namespace depth
