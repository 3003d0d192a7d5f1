#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "depth/lanes.h"
#include "depth/points.h"

namespace depth {

/** What cells a part of the color picture has. */
enum class Marks : int32_t { kNone, kSome, kAll };

/**
 * How many cells of a grid are marked, by square tiles: sums over all tiles left of and above each (a
 * summed-area table: Crow, Summed-Area Tables for Texture Mapping, 1984). Keeps its memory.
 */
class MarkTiles {
 public:
  /** @param marks 0 or 1 @param side cells that a tile should have at most; a power of two from 2 to 8 is
   * taken */
  void Count(Grid<uint8_t> marks, int side);

  /**
   * Of the tiles that cells [left, right] x [top, bottom] touch, which may lie beyond the grid: four such
   * rectangles.
   *
   * @param within gets where they lie within the grid
   * @returns Marks
   */
  I4 In(I4 left, I4 top, I4 right, I4 bottom, I4& within) const {
    const I4 most_x = AllOf(width_ - 1);
    const I4 most_y = AllOf(height_ - 1);
    const I4 beyond = (right < AllOf(0)) | (bottom < AllOf(0)) | (left > most_x) | (top > most_y);
    within = (left >= AllOf(0)) & (top >= AllOf(0)) & (right <= most_x) & (bottom <= most_y);
    const auto tile = [this](I4 cell, I4 most) { return Least(Most(cell, AllOf(0)), most) >> shift_; };
    const I4 x0 = tile(left, most_x);
    const I4 x1 = tile(right, most_x) + 1;
    const I4 y0 = tile(top, most_y);
    const I4 y1 = tile(bottom, most_y) + 1;
    const I4 stride = AllOf(static_cast<int32_t>(stride_));
    const I4 above = y0 * stride;
    const I4 below = y1 * stride;
    const I4 i00 = above + x0;
    const I4 i01 = above + x1;
    const I4 i10 = below + x0;
    const I4 i11 = below + x1;
    const uint32_t* sums = sums_.data();
    I4 marked{};
    for (int lane = 0; lane < 4; lane++) {
      marked[lane] =
          static_cast<int32_t>(sums[i11[lane]] - sums[i10[lane]] - sums[i01[lane]] + sums[i00[lane]]);
    }
    const I4 across = EndOf(x1, width_) - (x0 << shift_);
    const I4 down = EndOf(y1, height_) - (y0 << shift_);
    const I4 some = (marked != 0) & ~beyond;
    const I4 all = some & within & (marked == across * down);
    // Masks are -1.
    return -(some + all);
  }

 private:
  I4 EndOf(I4 tile, int side) const { return Least(tile << shift_, AllOf(side)); }

  std::vector<uint32_t> sums_;
  size_t stride_ = 0;
  int width_ = 0;
  int height_ = 0;
  int shift_ = 0;
};

}  // namespace depth
