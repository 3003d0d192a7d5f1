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

/**
 * Rows of one run each, of which a mask mostly consists: their intersection, and their union if each touches
 * the next, is found from the least and the greatest edge.
 */
class SingleRows {
 public:
  /** @param joined whether each row's run has to touch, or overlap, the next one's */
  SingleRows(const Runs& runs, bool joined) : runs_(runs), joined_(joined), next_(runs.top) {}

  /** Whether rows [first, beyond) of the mask are such rows. Neither may decrease from call to call. */
  bool Are(int first, int beyond) {
    for (; next_ < beyond; next_++) {
      const int32_t* ends = runs_.ends.data() + (next_ - runs_.top);
      if (ends[1] - ends[0] != 2) {
        last_other_ = next_;
        continue;
      }
      if (!joined_ || next_ == runs_.top || last_other_ == next_ - 1) continue;
      const int32_t* run = runs_.edges.data() + ends[0];
      // The row before is single, too.
      if (run[0] > run[-1] || run[-2] > run[1]) last_other_ = next_ - 1;
    }
    return last_other_ < first;
  }

  /** The run of a single row; those of the rows below follow. */
  const int32_t* At(int row) const {
    return runs_.edges.data() + runs_.ends[static_cast<size_t>(row - runs_.top)];
  }

 private:
  const Runs& runs_;
  const bool joined_;
  int next_;
  /** The last row that has not one run, or does not touch the next. */
  int last_other_ = -1;
};

/** GridRuns.grow(): calls `use` with cells [from, to) of the grid. */
template <class Use>
void Grow(const Runs& runs, const std::vector<int32_t>& disc, int width, int height, Use use) {
  if (runs.top == runs.bottom) return;
  const int margin = static_cast<int>(disc.size()) - 1;
  const int end = std::min(height, runs.bottom + margin);
  SingleRows singles(runs, true);
  for (int row = std::max(0, runs.top - margin); row < end; row++) {
    const size_t begin = static_cast<size_t>(row) * static_cast<size_t>(width);
    int from = -1;
    int to = -1;
    const auto give = [&] {
      if (to >= 0)
        use(begin + static_cast<size_t>(std::max(0, from)), begin + static_cast<size_t>(std::min(width, to)));
    };
    const int above = std::max(runs.top, row - margin);
    const int below = std::min(runs.bottom, row + margin + 1);
    if (singles.Are(above, below)) {
      const int32_t* run = singles.At(above);
      from = INT32_MAX;
      for (int y = above; y < below; y++, run += 2) {
        const int reach = disc[static_cast<size_t>(y < row ? row - y : y - row)];
        from = std::min(from, run[0] - reach);
        to = std::max(to, run[1] + reach);
      }
      give();
      continue;
    }
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
