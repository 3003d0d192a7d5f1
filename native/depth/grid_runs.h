#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

/**
 * Masks on a grid that covers the picture: the C++ form of GridRuns (src/vision/depth/grid-runs.ts), which is
 * the reference.
 */
namespace depth {

/** Sides of a grid, and halves of the rows of a disc. */
constexpr int kMostCells = 1 << 15;
/** Edges of a mask: more than any mask of a picture has, and few enough that no input uses up the memory. */
constexpr size_t kMostEdges = size_t{1} << 24;

/** The cells of one mask. */
struct Runs {
  /** Rows [top, bottom), the only ones that may have cells. */
  int top = 0;
  int bottom = 0;
  /** Columns [left, right). */
  int left = 0;
  int right = 0;
  int cells = 0;
  /** First column of each run and one past its last, row by row. */
  std::vector<int32_t> edges;
  /** For row top + i, the index of its first edge. */
  std::vector<int32_t> ends;

  void Begin(int first, int beyond);
  void Push(int32_t first, int32_t last) {
    edges.push_back(first);
    edges.push_back(last);
  }
  /** Closes a row that has all its runs. */
  void EndRow(int row) { ends[static_cast<size_t>(row - top) + 1] = static_cast<int32_t>(edges.size()); }
  /** Counts cells and drops rows without any at both ends. */
  void Finish();
};

/** Numbers in an array that another thread may be writing. */
struct Numbers {
  const int32_t* data;
  size_t length;
};

/** A mask as JavaScript has it: a crop of its grid, and runs of cells through it. */
struct Mask {
  Numbers runs;
  int x;
  int y;
  int width;
  int height;
  /** For each column and row of the mask's grid, the first of the grid's. */
  Numbers columns;
  Numbers rows;
};

/** GridRuns.set(). @returns false for runs or axes that are none */
bool Lay(const Mask& mask, Runs& out);

/** Copies runs that JavaScript has. @returns false for those that do not lie in order within the grid */
bool ReadRuns(Numbers edges, Numbers ends, Numbers shape, int width, int height, Runs& out);

/** GridRuns.erode(). @param disc half widths of its rows, from the middle on: at least one */
void Erode(const Runs& source, const std::vector<int32_t>& disc, int width, int height, Runs& out);

/** GridRuns.grow(): calls `use` with cells [from, to) of the grid. */
template <class Use>
void Grow(const Runs& runs, const std::vector<int32_t>& disc, int width, int height, Use use) {
  if (runs.top == runs.bottom) return;
  const int margin = static_cast<int>(disc.size()) - 1;
  const int end = std::min(height, runs.bottom + margin);
  for (int row = std::max(0, runs.top - margin); row < end; row++) {
    const size_t begin = static_cast<size_t>(row) * static_cast<size_t>(width);
    int from = -1;
    int to = -1;
    const auto give = [&] {
      if (to >= 0)
        use(begin + static_cast<size_t>(std::max(0, from)), begin + static_cast<size_t>(std::min(width, to)));
    };
    for (int dy = 0; dy <= margin; dy++) {
      const int reach = disc[static_cast<size_t>(dy)];
      for (int y = row - dy; y <= row + dy; y += dy > 0 ? 2 * dy : 1) {
        if (y < runs.top || y >= runs.bottom) continue;
        const auto at = static_cast<size_t>(y - runs.top);
        for (int32_t k = runs.ends[at]; k < runs.ends[at + 1]; k += 2) {
          const int first = runs.edges[static_cast<size_t>(k)] - reach;
          const int beyond = runs.edges[static_cast<size_t>(k) + 1] + reach;
          if (to >= 0 && first <= to && beyond >= from) {
            from = std::min(from, first);
            to = std::max(to, beyond);
            continue;
          }
          give();
          from = first;
          to = beyond;
        }
      }
    }
    give();
  }
}

}  // namespace depth
