#include "decode/outlines.h"

#include <cmath>
#include <cstdlib>

#include "decode/of_thread.h"
#include "decode/once.h"
#include "decode/runs.h"

namespace decode {
namespace {

struct Corner {
  int32_t x;
  int32_t y;
  /** The next corner. */
  int32_t next;
};

/** A side of a run: a vertical edge that continues down to the corner where it ends. */
struct Side {
  int32_t x;
  /** The upper corner, where it began. */
  int32_t corner;
};

/**
 * Visits the rows and connects corners to contours. There is an edge between two rows wherever one of them is
 * inside and the other is not. With the mask on the right-hand side, it runs to the right above a cell and to
 * the left below one. Its ends are corners, unless the sides of the runs above and below form a straight
 * line.
 */
class Linker {
 public:
  std::vector<Corner> corners;
  /** Corners where an edge to the right begins, in the order of rows and columns. */
  std::vector<int32_t> begins;

  void Link(const int32_t* runs, size_t count, int width) {
    Reserve(count, static_cast<size_t>(runs[2 * count - 1] / width) + 1);
    Side* end = row_.data();
    int32_t row = -1;
    int32_t row_start = 0;
    for (size_t i = 0; i < count; i++) {
      // Runs are split into rows, because a run may continue in the next row.
      for (int32_t from = runs[2 * i]; from < runs[2 * i + 1];) {
        if (row < 0 || from - row_start >= width) {
          const int32_t y = from / width;
          if (row >= 0) Close(row, y, end);
          end = row_.data();
          row = y;
          row_start = y * width;
        }
        const int32_t to = runs[2 * i + 1] - row_start < width ? runs[2 * i + 1] - row_start : width;
        *end++ = {from - row_start, -1};
        *end++ = {to, -1};
        from = row_start + to;
      }
    }
    if (row >= 0) Close(row, row + 2, end);
  }

 private:
  /** Reserves memory for the maximum number of corners: two for each side of a run. */
  void Reserve(size_t runs, size_t rows) {
    const size_t sides = 2 * (runs + rows) + 1;
    // One by one: if one throws, the others keep their new sizes.
    if (row_.size() < sides) row_.resize(sides);
    if (above_.size() < sides) above_.resize(sides);
    if (corners.size() < 2 * sides) corners.resize(2 * sides);
    if (begins.size() < 2 * sides) begins.resize(2 * sides);
    above_[0].x = INT32_MAX;
    used_ = corners.data();
    begun_ = begins.data();
  }

  /** Handles the upper edges of a complete row, and its lower edges if the row below has no runs. */
  void Close(int32_t y, int32_t next_row, Side* end) {
    // A sentinel after the last side of all rows.
    end->x = INT32_MAX;
    Join(y);
    above_.swap(row_);
    if (next_row == y + 1) return;
    row_[0].x = INT32_MAX;
    Join(y + 1);
    above_[0].x = INT32_MAX;
  }

  /** Handles the edges at the upper side of row y, between the runs of above_ and those of row_. */
  void Join(int32_t y) {
    Corner* const all = corners.data();
    Corner* used = used_;
    const Side* above = above_.data();
    Side* below = row_.data();
    bool in_above = false;
    bool in_below = false;
    /** The left end of the current edge. */
    Corner* open = nullptr;
    const auto make = [&](int32_t x) {
      used->x = x;
      used->y = y;
      return used++;
    };
    const auto number = [&](const Corner* corner) { return static_cast<int32_t>(corner - all); };
    // A side of the row above ends. Left sides are followed up, right ones down.
    const auto finish = [&](Corner* corner) {
      if (in_above) {
        all[above->corner].next = number(corner);
      } else {
        corner->next = above->corner;
      }
      above++;
      in_above = !in_above;
    };
    const auto begin = [&](const Corner* corner) {
      (below++)->corner = number(corner);
      in_below = !in_below;
    };
    for (;;) {
      const int32_t xa = above->x;
      const int32_t xb = below->x;
      if (xa == xb) {
        if (xa == INT32_MAX) break;
        if (in_above == in_below) {
          // The side continues.
          (below++)->corner = (above++)->corner;
          in_above = in_below = !in_above;
          continue;
        }
        // Two cells touch at a corner: one edge ends and another one begins, each at the corner of its own
        // run.
        Corner* const corner_above = make(xa);
        Corner* const corner_below = make(xa);
        const bool was_above = in_above;
        finish(corner_above);
        begin(corner_below);
        if (was_above) {
          corner_above->next = number(open);
          *begun_++ = number(corner_below);
          open = corner_below;
        } else {
          open->next = number(corner_below);
          open = corner_above;
        }
        continue;
      }
      const bool from_above = xa < xb;
      Corner* const corner = make(from_above ? xa : xb);
      if (in_above == in_below) {
        open = corner;
        // The run below begins, or the one above ends: the edge lies above cells of this row.
        if (in_above == from_above) *begun_++ = number(corner);
      } else if (in_below) {
        open->next = number(corner);
      } else {
        corner->next = number(open);
      }
      if (from_above) {
        finish(corner);
      } else {
        begin(corner);
      }
    }
    used_ = used;
  }

 public:
  /** The end of `begins`. */
  const int32_t* begun() const { return begun_; }

 private:
  std::vector<Side> above_;
  std::vector<Side> row_;
  Corner* used_ = nullptr;
  int32_t* begun_ = nullptr;
};

/** Douglas-Peucker on a closed ring, like simplifyRing() of polygon.ts. @tparam Number can hold the product
 * of two coordinates */
template <typename Number>
class Simplifier {
 public:
  /** @param xs, ys with room for one more element */
  void Run(std::vector<int32_t>& xs, std::vector<int32_t>& ys, double tolerance) {
    const size_t count = xs.size();
    if (tolerance <= 0 || count <= 4) return;
    // The first point is also the end of the last chord.
    xs.push_back(xs[0]);
    ys.push_back(ys[0]);
    x_ = xs.data();
    y_ = ys.data();
    size_t farthest = 0;
    int64_t largest = 0;
    for (size_t i = 1; i < count; i++) {
      const int64_t dx = x_[i] - x_[0];
      const int64_t dy = y_[i] - y_[0];
      const int64_t square = dx * dx + dy * dy;
      if (square > largest) {
        largest = square;
        farthest = i;
      }
    }
    keep_.assign(count + 1, 0);
    keep_[0] = keep_[farthest] = 1;
    size_t kept = 2;
    spans_.clear();
    spans_.push_back({0, farthest});
    spans_.push_back({farthest, count});
    while (!spans_.empty()) {
      const Span span = spans_.back();
      spans_.pop_back();
      const size_t split = FarthestFromChord(span.from, span.to, tolerance);
      if (split == 0) continue;
      keep_[split] = 1;
      kept++;
      spans_.push_back({span.from, split});
      spans_.push_back({split, span.to});
    }
    xs.pop_back();
    ys.pop_back();
    if (kept < 3) return;
    size_t to = 0;
    for (size_t i = 0; i < count; i++) {
      if (!keep_[i]) continue;
      xs[to] = xs[i];
      ys[to++] = ys[i];
    }
    xs.resize(to);
    ys.resize(to);
  }

 private:
  struct Span {
    size_t from;
    size_t to;
  };

  /** The point between `from` and `to` that lies farthest from their chord; 0 if all lie within the
   * tolerance. */
  size_t FarthestFromChord(size_t from, size_t to, double tolerance) const {
    const int32_t ax = x_[from];
    const int32_t ay = y_[from];
    const Number dx = x_[to] - ax;
    const Number dy = y_[to] - ay;
    const Number square = dx * dx + dy * dy;
    const int32_t* const xs = x_ + from + 1;
    const int32_t* const ys = y_ + from + 1;
    const size_t count = to - from - 1;
    const auto distance = [=](size_t i) {
      const Number x = xs[i] - ax;
      const Number y = ys[i] - ay;
      if (square == 0) return x * x + y * y;
      const Number product = x * dy - y * dx;
      return product < 0 ? -product : product;
    };
    Number most = 0;
    if (square == 0) {
      for (size_t i = 0; i < count; i++) most = most > distance(i) ? most : distance(i);
    } else {
      // No branch and no index, so that the compiler can vectorize the loop.
      for (size_t i = 0; i < count; i++) {
        const Number product = (xs[i] - ax) * dy - (ys[i] - ay) * dx;
        const Number size = product < 0 ? -product : product;
        most = most > size ? most : size;
      }
    }
    // Distances times the length of the chord, or squared if it is a point: needs no division and no root.
    const double limit =
        square == 0 ? tolerance * tolerance : tolerance * std::sqrt(static_cast<double>(square));
    if (!(static_cast<double>(most) > limit)) return 0;
    size_t i = 0;
    while (distance(i) != most) i++;
    return from + 1 + i;
  }

  const int32_t* x_ = nullptr;
  const int32_t* y_ = nullptr;
  std::vector<uint8_t> keep_;
  std::vector<Span> spans_;
};

/** Largest side whose products of coordinates fit in 32 bits. */
constexpr int kMostSide = 16000;

/** Memory that is kept from call to call. */
struct Work {
  Linker linker;
  Simplifier<int32_t> simplifier;
  Simplifier<int64_t> large;
  std::vector<int32_t> xs;
  std::vector<int32_t> ys;
};

void Find(const int32_t* runs, size_t count, int width, const OutlineOptions& options, Outlines& out,
          Work& work) {
  out.points.clear();
  out.rings.clear();
  if (count == 0) return;
  work.linker.Link(runs, count, width);
  const int32_t height = runs[2 * count - 1] / width + 1;
  const bool small = width <= kMostSide && height <= kMostSide;
  Corner* const corners = work.linker.corners.data();
  for (const int32_t* begin = work.linker.begins.data(); begin != work.linker.begun(); begin++) {
    const int32_t start = *begin;
    if (corners[start].next < 0) continue;
    work.xs.clear();
    work.ys.clear();
    int64_t double_area = 0;
    Corner* from = corners + start;
    for (;;) {
      // Marks it as done.
      const int32_t to = from->next;
      from->next = -1;
      if (to < 0) break;
      const Corner* const point = corners + to;
      double_area += static_cast<int64_t>(from->x) * point->y - static_cast<int64_t>(point->x) * from->y;
      work.xs.push_back(point->x);
      work.ys.push_back(point->y);
      from = corners + to;
      if (to == start) break;
    }
    const double area = static_cast<double>(double_area) / 2;
    if (std::fabs(area) < options.least_area) continue;
    if (small) {
      work.simplifier.Run(work.xs, work.ys, options.tolerance);
    } else {
      work.large.Run(work.xs, work.ys, options.tolerance);
    }
    for (size_t i = 0; i < work.xs.size(); i++) {
      out.points.push_back(work.xs[i]);
      out.points.push_back(work.ys[i]);
    }
    out.rings.push_back({static_cast<int32_t>(work.xs.size()), area < 0});
  }
}

}  // namespace

std::optional<std::string> CopyRuns(const int32_t* runs, size_t length, int width,
                                    std::vector<int32_t>& copy) {
  // Limited so that the number of corners fits in 32 bits.
  constexpr size_t kMostNumbers = size_t{1} << 28;
  if (length % 2 != 0) return std::to_string(length) + " numbers, of which two make a run";
  if (length > kMostNumbers) return std::to_string(length) + " numbers, more than 2^28";
  copy.resize(length);
  const int32_t end = width * kMostCells;
  int32_t last = 0;
  for (size_t i = 0; i < length; i += 2) {
    const int32_t from = Once(runs + i);
    const int32_t to = Once(runs + i + 1);
    if (from < last || to <= from || to > end) {
      return "run " + std::to_string(i / 2 + 1) + " from cell " + std::to_string(from) + " to " +
             std::to_string(to) + (i > 0 ? ", after one that ends at " + std::to_string(last) : "") +
             ", of at most " + std::to_string(end) + " cells, " + std::to_string(width) + " a row";
    }
    copy[i] = from;
    copy[i + 1] = last = to;
  }
  return std::nullopt;
}

void FindOutlines(const int32_t* runs, size_t count, int width, const OutlineOptions& options,
                  Outlines& out) {
  Find(runs, count, width, options, out, OfThread<Work>());
}

}  // namespace decode
