#include "depth/grid_runs.h"

#include "decode/of_thread.h"
#include "decode/once.h"

namespace depth {
namespace {

using decode::OfThread;
using decode::Once;

/** Rows on their way through an intersection. */
struct Scratch {
  std::vector<int32_t> a;
  std::vector<int32_t> b;
};

/** What a row is shrunk by at both ends of each run: not where the grid ends, as the object goes on there. */
inline int FirstOf(const int32_t* run, int shrink) { return run[0] == 0 ? 0 : run[0] + shrink; }
inline int LastOf(const int32_t* run, int shrink, int width) {
  return run[1] == width ? width : run[1] - shrink;
}

/** Sets `a` to the row's runs, shrunk. */
void CopyRow(const Runs& source, int row, int shrink, int width, std::vector<int32_t>& a) {
  a.clear();
  const auto at = static_cast<size_t>(row - source.top);
  for (int32_t k = source.ends[at]; k < source.ends[at + 1]; k += 2) {
    const int32_t* run = source.edges.data() + k;
    const int first = FirstOf(run, shrink);
    const int last = LastOf(run, shrink, width);
    if (first >= last) continue;
    a.push_back(first);
    a.push_back(last);
  }
}

/** Intersects `a` with the row's runs, shrunk. */
void IntersectRow(const Runs& source, int row, int shrink, int width, Scratch& rows) {
  auto& [a, b] = rows;
  if (row < source.top || row >= source.bottom) {
    a.clear();
    return;
  }
  const auto at = static_cast<size_t>(row - source.top);
  const int32_t end = source.ends[at + 1];
  int32_t k = source.ends[at];
  b.clear();
  for (size_t i = 0; i < a.size() && k < end;) {
    const int32_t* run = source.edges.data() + k;
    const int first = FirstOf(run, shrink);
    const int last = LastOf(run, shrink, width);
    const int from = std::max(first, a[i]);
    const int until = std::min(last, a[i + 1]);
    if (from < until) {
      b.push_back(from);
      b.push_back(until);
    }
    if (last < a[i + 1]) {
      k += 2;
    } else {
      i += 2;
    }
  }
  a.swap(b);
}

}  // namespace

void Runs::Begin(int first, int beyond) {
  top = first;
  bottom = beyond;
  edges.clear();
  ends.assign(static_cast<size_t>(beyond - first) + 1, 0);
}

void Runs::Finish() {
  const auto used = static_cast<int32_t>(edges.size());
  cells = 0;
  left = INT32_MAX;
  right = 0;
  for (size_t k = 0; k < edges.size(); k += 2) {
    cells += edges[k + 1] - edges[k];
    left = std::min(left, edges[k]);
    right = std::max(right, edges[k + 1]);
  }
  size_t skip = 0;
  while (skip + 1 < ends.size() && ends[skip + 1] == 0) skip++;
  ends.erase(ends.begin(), ends.begin() + static_cast<ptrdiff_t>(skip));
  top += static_cast<int>(skip);
  while (ends.size() > 1 && ends[ends.size() - 2] == used) ends.pop_back();
  bottom = top + static_cast<int>(ends.size()) - 1;
}

bool Lay(const Mask& mask, Runs& out) {
  const auto within = [](int first, int count, Numbers axis) {
    return first >= 0 && count >= 0 && static_cast<size_t>(first) + static_cast<size_t>(count) < axis.length;
  };
  if (!within(mask.x, mask.width, mask.columns) || !within(mask.y, mask.height, mask.rows)) return false;
  if (mask.width > kMostCells || mask.height > kMostCells) return false;
  const int32_t* rows = mask.rows.data + mask.y;
  const int32_t* columns = mask.columns.data + mask.x;
  const int top = Once(rows);
  const int bottom = Once(rows + mask.height);
  if (top < 0 || bottom < top || bottom > kMostCells) return false;
  out.Begin(top, bottom);
  const size_t count = mask.runs.length / 2;
  const int32_t* runs = mask.runs.data;
  size_t run = 0;
  int row = top;
  for (int y = 0; y < mask.height; y++) {
    const int begin = y * mask.width;
    const int end = begin + mask.width;
    while (run < count && Once(runs + 2 * run + 1) <= begin) run++;
    const int beyond = Once(rows + y + 1);
    if (beyond < row || beyond > bottom) return false;
    if (row == beyond) continue;
    const size_t from = out.edges.size();
    int32_t before = 0;
    for (size_t r = run; r < count; r++) {
      const int32_t start = Once(runs + 2 * r);
      if (start >= end) break;
      const int32_t stop = Once(runs + 2 * r + 1);
      // Out of order, overlapping or empty, all runs might be in every row.
      if (stop <= begin || stop <= start || start < before) return false;
      before = stop;
      const int32_t first = Once(columns + (std::max(start, begin) - begin));
      const int32_t last = Once(columns + (std::min(stop, end) - begin));
      if (first < 0 || last > kMostCells) return false;
      if (first < last) out.Push(first, last);
      if (out.edges.size() > kMostEdges) return false;
    }
    out.EndRow(row);
    const size_t to = out.edges.size();
    // A coarse mask has the same cells in several rows.
    for (int copy = row + 1; copy < beyond; copy++) {
      for (size_t k = from; k < to; k += 2) out.Push(out.edges[k], out.edges[k + 1]);
      if (out.edges.size() > kMostEdges) return false;
      out.EndRow(copy);
    }
    row = beyond;
  }
  out.Finish();
  return true;
}

bool ReadRuns(Numbers edges, Numbers ends, Numbers shape, int width, int height, Runs& out) {
  if (shape.length < 5) return false;
  const int top = Once(shape.data);
  const int bottom = Once(shape.data + 1);
  if (top < 0 || bottom < top || (bottom > height && bottom > top)) return false;
  const auto rows = static_cast<size_t>(bottom - top);
  if (ends.length < rows + 1) return false;
  out.Begin(top, bottom);
  int32_t last = 0;
  for (size_t i = 0; i <= rows; i++) {
    const int32_t end = Once(ends.data + i);
    if (end < last || end % 2 != 0 || (i == 0 && end != 0)) return false;
    out.ends[i] = last = end;
  }
  if (static_cast<size_t>(last) > edges.length) return false;
  out.edges.resize(static_cast<size_t>(last));
  size_t k = 0;
  int64_t cells = 0;
  for (size_t i = 1; i <= rows; i++) {
    int32_t before = 0;
    for (const auto end = static_cast<size_t>(out.ends[i]); k < end; k += 2) {
      const int32_t first = Once(edges.data + k);
      const int32_t beyond = Once(edges.data + k + 1);
      if (first < before || beyond <= first || beyond > width) return false;
      out.edges[k] = first;
      out.edges[k + 1] = before = beyond;
      cells += beyond - first;
    }
  }
  out.left = Once(shape.data + 2);
  out.right = Once(shape.data + 3);
  out.cells = static_cast<int>(cells);
  return true;
}

void Erode(const Runs& source, const std::vector<int32_t>& disc, int width, int height, Runs& out) {
  const int band = static_cast<int>(disc.size()) - 1;
  out.Begin(source.top, source.bottom);
  auto& scratch = OfThread<Scratch>();
  SingleRows singles(source, false);
  for (int row = source.top; row < source.bottom; row++) {
    const int above = std::max(0, row - band);
    const int below = std::min(height, row + band + 1);
    if (above < source.top || below > source.bottom) {
      // Some row that the disc reaches has nothing.
      out.EndRow(row);
      continue;
    }
    if (singles.Are(above, below)) {
      const int32_t* run = singles.At(above);
      int first = 0;
      int last = width;
      for (int y = above; y < below; y++, run += 2) {
        const int shrink = disc[static_cast<size_t>(y < row ? row - y : y - row)];
        first = std::max(first, FirstOf(run, shrink));
        last = std::min(last, LastOf(run, shrink, width));
      }
      if (first < last) out.Push(first, last);
      out.EndRow(row);
      continue;
    }
    CopyRow(source, row, disc[0], width, scratch.a);
    for (int dy = 1; dy <= band && !scratch.a.empty(); dy++) {
      for (const int other : {row - dy, row + dy}) {
        if (other < 0 || other >= height) continue;
        IntersectRow(source, other, disc[static_cast<size_t>(dy)], width, scratch);
      }
    }
    out.edges.insert(out.edges.end(), scratch.a.begin(), scratch.a.end());
    out.EndRow(row);
  }
  out.Finish();
}

}  // namespace depth
