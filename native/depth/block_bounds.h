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
  /** What a block's columns add to the rays of the color camera, at a depth of 1. */
  Bounds a;
  Bounds b;
  Bounds c;
  /** The results: what its pixels come to lie on, and whether it is certain that all of them lie on the grid.
   */
  std::vector<int32_t> marks;
  std::vector<int32_t> within;

  Marks MarksOf(size_t i) const { return static_cast<Marks>(marks[i]); }

  /** For pictures of this width. @param bounded whether there is no table of rays: they have no bounds */
  void Begin(const Projection& numbers, int width, bool bounded);
};

/**
 * Says of each block of a row whether its pixels come to lie on no mark, on marks only, or perhaps on both,
 * by bounds of where they can lie: for one ray, the place moves along a line with the depth, and never back,
 * so the nearest and the farthest depth bound it; and bounds of rays are carried through all sums and
 * products.
 */
void FindMarks(const Projection& numbers, const MarkTiles& tiles, int map_width, int map_height, int top,
               int rows, BlockRow& row);

}  // namespace depth
