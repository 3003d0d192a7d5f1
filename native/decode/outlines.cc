#include "decode/outlines.h"

#include <cmath>
#include <cstdlib>

namespace decode {
namespace {

struct Point {
  int32_t x;
  int32_t y;
};

/** A side of a run: a vertical edge that goes on downwards until the corner where it ends. */
struct Side {
  int32_t x;
  /** The corner where it began, above. */
  int32_t corner;
};

/**
 * Goes through the rows and joins corners to contours. Between two rows an edge lies wherever one of them is
 * inside and the other is not; with the mask on the right hand, it goes to the right above a cell and to the
 * left below one. Its ends are corners, unless the sides of the runs above and below go straight on.
 */
class Linker {
 public:
  std::vector<Point> corners;
  /** The corner that follows each. */
  std::vector<int32_t> next;
  /** Corners where an edge to the right begins, in the order of rows and columns. */
  std::vector<int32_t> begins;

  void Link(const int32_t* runs, size_t count, int width) {
    corners.clear();
    next.clear();
    begins.clear();
    above_.clear();
    int32_t row = -1;
    for (size_t i = 0; i < count; i++) {
      // Each row on its own: a run may go on in the next.
      for (int32_t from = runs[2 * i]; from < runs[2 * i + 1];) {
        const int32_t y = from / width;
        const int32_t start = from - y * width;
        const int32_t end = runs[2 * i + 1] - y * width < width ? runs[2 * i + 1] - y * width : width;
        if (y != row) {
          if (row >= 0) Close(row, y);
          row = y;
        }
        row_.push_back({start, -1});
        row_.push_back({end, -1});
        from = y * width + end;
      }
    }
    if (row >= 0) Close(row, row + 2);
  }

 private:
  /** A row is known: its upper edges, and its lower ones where the next row with runs is not the one below.
   */
  void Close(int32_t y, int32_t next_row) {
    Join(y);
    above_.swap(row_);
    row_.clear();
    if (next_row == y + 1) return;
    Join(y + 1);
    above_.clear();
  }

  int32_t Corner(int32_t x, int32_t y) {
    corners.push_back({x, y});
    next.push_back(-1);
    return static_cast<int32_t>(corners.size()) - 1;
  }

  /** A side of the row above ends. Left sides are gone up, right ones down. */
  void End(const Side& side, bool left, int32_t corner) {
    if (left) {
      next[static_cast<size_t>(corner)] = side.corner;
    } else {
      next[static_cast<size_t>(side.corner)] = corner;
    }
  }

  /** The edges at the upper side of row y: between the runs of above_, and those of row_. */
  void Join(int32_t y) {
    const size_t above = above_.size();
    const size_t below = row_.size();
    size_t i = 0;
    size_t k = 0;
    /** The left end of the edge that is open. */
    int32_t open = -1;
    while (i < above || k < below) {
      const int32_t xa = i < above ? above_[i].x : INT32_MAX;
      const int32_t xb = k < below ? row_[k].x : INT32_MAX;
      const bool in_above = (i & 1) != 0;
      const bool in_below = (k & 1) != 0;
      if (xa == xb && in_above == in_below) {
        // The side goes straight on.
        row_[k++].corner = above_[i++].corner;
      } else if (xa == xb) {
        // Two cells touch: an edge ends and another one begins, each at the corner of its own run.
        const int32_t corner_above = Corner(xa, y);
        const int32_t corner_below = Corner(xa, y);
        End(above_[i++], !in_above, corner_above);
        row_[k++].corner = corner_below;
        if (in_above) {
          next[static_cast<size_t>(corner_above)] = open;
          begins.push_back(corner_below);
          open = corner_below;
        } else {
          next[static_cast<size_t>(open)] = corner_below;
          open = corner_above;
        }
      } else {
        const int32_t corner = Corner(xa < xb ? xa : xb, y);
        if (in_above == in_below) {
          open = corner;
          // The run below begins, or the one above ends: the edge lies above cells of the row.
          if (in_above ? xa < xb : xb < xa) begins.push_back(corner);
        } else if (in_below) {
          next[static_cast<size_t>(open)] = corner;
        } else {
          next[static_cast<size_t>(corner)] = open;
        }
        if (xa < xb) {
          End(above_[i++], !in_above, corner);
        } else {
          row_[k++].corner = corner;
        }
      }
    }
  }

  std::vector<Side> above_;
  std::vector<Side> row_;
};

/** Douglas-Peucker on a closed ring, as simplifyRing() of polygon.ts. @tparam Number holds products of two
 * coordinates */
template <typename Number>
class Simplifier {
 public:
  /** @param xs, ys have room for one more */
  void Run(std::vector<int32_t>& xs, std::vector<int32_t>& ys, double tolerance) {
    const size_t count = xs.size();
    if (tolerance <= 0 || count <= 4) return;
    // The first point is the end of the last chord, too.
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

  /** The point between `from` and `to` that lies farthest from their chord; 0 when all lie within the
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
      // Without a branch and without an index, so that the compiler takes several at once.
      for (size_t i = 0; i < count; i++) {
        const Number product = (xs[i] - ax) * dy - (ys[i] - ay) * dx;
        const Number size = product < 0 ? -product : product;
        most = most > size ? most : size;
      }
    }
    // Distances times the length of the chord, or squared where it is a point: nothing to divide, no root.
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

/** Sides up to which the products of coordinates fit into 32 bits. */
constexpr int kMostSide = 16000;

}  // namespace

void FindOutlines(const int32_t* runs, size_t count, int width, const OutlineOptions& options,
                  Outlines& out) {
  thread_local Linker linker;
  thread_local Simplifier<int32_t> simplifier;
  thread_local Simplifier<int64_t> large;
  thread_local std::vector<int32_t> xs;
  thread_local std::vector<int32_t> ys;
  out.points.clear();
  out.rings.clear();
  if (count == 0) return;
  linker.Link(runs, count, width);
  const int32_t height = runs[2 * count - 1] / width + 1;
  const bool small = width <= kMostSide && height <= kMostSide;
  for (const int32_t start : linker.begins) {
    if (linker.next[static_cast<size_t>(start)] < 0) continue;
    xs.clear();
    ys.clear();
    int64_t double_area = 0;
    Point from = linker.corners[static_cast<size_t>(start)];
    for (int32_t at = start;;) {
      // Taken away, as it is done.
      const int32_t to = linker.next[static_cast<size_t>(at)];
      linker.next[static_cast<size_t>(at)] = -1;
      if (to < 0) break;
      const Point point = linker.corners[static_cast<size_t>(to)];
      double_area += static_cast<int64_t>(from.x) * point.y - static_cast<int64_t>(point.x) * from.y;
      xs.push_back(point.x);
      ys.push_back(point.y);
      from = point;
      at = to;
      if (to == start) break;
    }
    const double area = static_cast<double>(double_area) / 2;
    if (std::fabs(area) < options.least_area) continue;
    if (small) {
      simplifier.Run(xs, ys, options.tolerance);
    } else {
      large.Run(xs, ys, options.tolerance);
    }
    for (size_t i = 0; i < xs.size(); i++) {
      out.points.push_back(xs[i]);
      out.points.push_back(ys[i]);
    }
    out.rings.push_back({static_cast<int32_t>(xs.size()), area < 0});
  }
}

}  // namespace decode
