#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "depth/points.h"

namespace depth {

/** What cells a part of the color picture has. */
enum class Marks : uint8_t { kNone, kSome, kAll };

/**
 * How many cells of a grid are marked, by square tiles: sums over all tiles left of and above each (a
 * summed-area table: Crow, Summed-Area Tables for Texture Mapping, 1984). Keeps its memory.
 */
class MarkTiles {
 public:
  /** @param marks 0 or 1 @param side cells that a tile should have at most; a power of two from 2 to 8 is
   * taken */
  void Count(Grid<uint8_t> marks, int side);

  /** Of the tiles that cells [left, right] x [top, bottom] touch, which may lie beyond the grid. */
  Marks In(int left, int top, int right, int bottom) const {
    if (right < 0 || bottom < 0 || left >= width_ || top >= height_) return Marks::kNone;
    const bool within = left >= 0 && top >= 0 && right < width_ && bottom < height_;
    const auto tile = [this](int cell, int side) {
      return static_cast<size_t>((cell < 0 ? 0 : cell >= side ? side - 1 : cell) >> shift_);
    };
    const size_t x0 = tile(left, width_);
    const size_t x1 = tile(right, width_) + 1;
    const size_t y0 = tile(top, height_) * stride_;
    const size_t y1 = (tile(bottom, height_) + 1) * stride_;
    const uint32_t marked = sums_[y1 + x1] - sums_[y1 + x0] - sums_[y0 + x1] + sums_[y0 + x0];
    if (marked == 0) return Marks::kNone;
    if (!within) return Marks::kSome;
    const auto across = static_cast<uint32_t>(EndOf(x1, width_) - static_cast<int>(x0 << shift_));
    const auto down =
        static_cast<uint32_t>(EndOf(y1 / stride_, height_) - static_cast<int>((y0 / stride_) << shift_));
    return marked == across * down ? Marks::kAll : Marks::kSome;
  }

 private:
  int EndOf(size_t tile, int side) const {
    const int end = static_cast<int>(tile) << shift_;
    return end < side ? end : side;
  }

  std::vector<uint32_t> sums_;
  size_t stride_ = 0;
  int width_ = 0;
  int height_ = 0;
  int shift_ = 0;
};

}  // namespace depth
