#pragma once

#include <cstddef>
#include <vector>

#include "depth/lanes.h"
#include "depth/mark_tiles.h"
#include "depth/points.h"

namespace depth {

/** Pixels of a block of the depth picture. */
constexpr int kBlockWidth = 16;
constexpr int kBlockHeight = 8;

/** Numbers from, and up to, which a block has. */
struct Bounds {
  std::vector<float> low;
  std::vector<float> high;
};

/** A row of blocks on its way to the grid. Keeps its memory. */
struct BlockRow {
  /** Depths of each block, in units of the picture; low > high: none. */
  Bounds depths;
  /** Rays of each block at a depth of 1. NaN: some pixels have no ray. */
  Bounds x;
  Bounds y;
  /** The result. */
  std::vector<Marks> marks;

  /** Room for `count` blocks, in whole vectors. */
  void Resize(size_t count);
};

/**
 * Says of each block of a row whether its pixels come to lie on no mark, on marks only, or perhaps on both,
 * by bounds of where they can lie: for one ray, the place moves along a line with the depth, and never back,
 * so the nearest and the farthest depth bound it; and bounds of rays are carried through all sums and
 * products.
 */
void FindMarks(const Projection& numbers, const MarkTiles& tiles, int map_width, int map_height,
               BlockRow& row);

}  // namespace depth
