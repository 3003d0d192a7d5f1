#include "decode/runs.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "decode/of_thread.h"
#include "decode/once.h"

#if defined(__aarch64__)
#include <arm_neon.h>
#elif defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace decode {
namespace {

/** Cells of a band of rows between the same two rows of prototypes: all inside, or crossed by the contour. */
struct Piece {
  int from;
  int to;
  bool inside;
  /** For the row: the surface at the first cell and its change from cell to cell, in units of 2^-30 of the
   * largest logit. */
  double start;
  double step;
  double start_per_row;
  double step_per_row;
};

/** Writes runs one after the other, and joins those that touch. */
class Writer {
 public:
  Writer(int32_t* runs, size_t capacity) : runs_(runs), capacity_(capacity) {}

  void Add(int32_t from, int32_t to) {
    if (count_ > 0 && from == end_) {
      end_ = to;
      if (count_ <= capacity_) runs_[2 * count_ - 1] = to;
      return;
    }
    count_++;
    end_ = to;
    if (count_ > capacity_) return;
    runs_[2 * count_ - 2] = from;
    runs_[2 * count_ - 1] = to;
  }

  size_t count() const { return count_; }

 private:
  int32_t* const runs_;
  const size_t capacity_;
  size_t count_ = 0;
  int32_t end_ = -1;
};

/**
 * The lower 32 bits of the integer part, like JavaScript's `| 0`. If a surface falls by more than 2^31 from
 * one cell to the next, its pieces have a single cell, and the slope is not used. Values of more than 63 bits
 * and NaN, which only occur with scales that no grid has, give an arbitrary number.
 */
inline int32_t Whole(double value) {
#if defined(__aarch64__)
  return static_cast<int32_t>(vcvtd_s64_f64(value));
#elif defined(__SSE2__)
  return static_cast<int32_t>(_mm_cvttsd_si64(_mm_set_sd(value)));
#else
  return std::fabs(value) < 0x1p63 ? static_cast<int32_t>(static_cast<int64_t>(value)) : 0;
#endif
}

size_t Find(const Crop& crop, const Axis& x, const Axis& y, int32_t* runs, size_t capacity,
            std::vector<Piece>& pieces) {
  Writer writer(runs, capacity);
  const int width = crop.right - crop.left;
  const int columns = crop.last_column - crop.first_column + 1;
  // Beyond the centers of the outermost prototypes, on all sides, the nearest prototype applies.
  const int start_column =
      x.FirstCell(crop.first_column) > crop.left ? crop.first_column - 1 : crop.first_column;
  const int start_row = y.FirstCell(crop.first_row) > crop.top ? crop.first_row - 1 : crop.first_row;
  // The end of the last band, so that each row is visited once, whatever the axis contains.
  int done = crop.top;
  for (int row = start_row; row <= crop.last_row; row++) {
    const int from_y = std::max(done, y.FirstCell(row));
    const int to_y = std::min(crop.bottom, y.FirstCell(row + 1));
    if (from_y >= to_y) continue;
    done = to_y;
    const float* upper =
        crop.logits + static_cast<ptrdiff_t>(std::max(row, crop.first_row) - crop.first_row) * columns;
    const float* lower =
        crop.logits + static_cast<ptrdiff_t>(std::min(row + 1, crop.last_row) - crop.first_row) * columns;
    const double weight = y.scale * from_y + y.offset - row;

    pieces.clear();
    int inside_from = -1;
    double a = upper[0];
    double c = lower[0];
    int left_inside = (a > 0 ? 1 : 0) + (c > 0 ? 1 : 0);
    for (int column = start_column; column <= crop.last_column; column++) {
      const int next = column < crop.last_column ? column + 1 - crop.first_column : columns - 1;
      const double b = upper[next];
      const double d = lower[next];
      const int right_inside = (b > 0 ? 1 : 0) + (d > 0 ? 1 : 0);
      const int inside = left_inside + right_inside;
      // If all four corners have the same sign, so has every sample between them.
      if (inside == 4) {
        if (inside_from < 0) inside_from = std::max(crop.left, x.FirstCell(column));
      } else if (inside != 0 || inside_from >= 0) {
        const int from = std::max(crop.left, x.FirstCell(column));
        if (inside_from >= 0) {
          pieces.push_back({inside_from, std::min(from, crop.right), true, 0, 0, 0, 0});
          inside_from = -1;
        }
        const int to = std::min(crop.right, x.FirstCell(column + 1));
        if (inside != 0 && from < to) {
          const double at = x.scale * from + x.offset - column;
          const double largest =
              std::max(std::max(std::fabs(a), std::fabs(b)), std::max(std::fabs(c), std::fabs(d)));
          const double unit = 1073741824.0 / largest;
          Piece piece{from, to, false, 0, 0, 0, 0};
          piece.start = (a + (b - a) * at) * unit;
          piece.step = (b - a) * x.scale * unit;
          piece.start_per_row = (c + (d - c) * at) * unit - piece.start;
          piece.step_per_row = (d - c) * x.scale * unit - piece.step;
          piece.start += piece.start_per_row * weight;
          piece.step += piece.step_per_row * weight;
          pieces.push_back(piece);
        }
      }
      a = b;
      c = d;
      left_inside = right_inside;
    }
    if (inside_from >= 0) pieces.push_back({inside_from, crop.right, true, 0, 0, 0, 0});
    if (pieces.empty()) continue;

    int32_t base = (from_y - crop.top) * width - crop.left;
    for (int line = from_y; line < to_y; line++, base += width) {
      for (Piece& piece : pieces) {
        if (piece.inside) {
          if (piece.from < piece.to) writer.Add(base + piece.from, base + piece.to);
          continue;
        }
        // Inside where start + i * step is above 0. In integers, so that the result is exact: outside from
        // `value` on.
        const int32_t value = Whole(-piece.start);
        const int32_t change = Whole(-piece.step);
        // Unsigned, because a signed division can overflow.
        const auto size = [](int32_t number) {
          return number < 0 ? 0U - static_cast<uint32_t>(number) : static_cast<uint32_t>(number);
        };
        const auto cells = static_cast<uint32_t>(piece.to - piece.from);
        uint32_t first = 0;
        uint32_t last = cells;
        if (value >= 0) {
          // No cell, or all before the one where it falls below 0.
          first = change < 0 ? std::min(cells, size(value) / size(change) + 1) : cells;
        } else if (change > 0) {
          last = std::min(cells, (size(value) + size(change) - 1) / size(change));
        }
        if (first < last) {
          const int32_t start = base + piece.from;
          writer.Add(start + static_cast<int32_t>(first), start + static_cast<int32_t>(last));
        }
        piece.start += piece.start_per_row * y.scale;
        piece.step += piece.step_per_row * y.scale;
      }
    }
  }
  return writer.count();
}

}  // namespace

bool ReadCrop(const int32_t* numbers, size_t columns, size_t rows, Crop& crop) {
  int32_t n[kCropLength];
  for (size_t i = 0; i < kCropLength; i++) n[i] = Once(numbers + i);
  const auto side = [](int32_t from, int32_t to) { return from >= 0 && from < to && to <= kMostCells; };
  // An axis has the first cells of one interval before the first prototype, and one past the last.
  const auto within = [](int32_t first, int32_t last, size_t count) {
    return first >= 0 && first <= last && static_cast<size_t>(last) + 2 < count;
  };
  crop = {n[0], n[1], n[2], n[3], n[4], n[5], n[6], n[7], nullptr};
  return side(n[0], n[2]) && side(n[1], n[3]) && within(n[4], n[5], columns) && within(n[6], n[7], rows);
}

size_t FindRuns(const Crop& crop, const Axis& x, const Axis& y, int32_t* runs, size_t capacity) {
  return Find(crop, x, y, runs, capacity, OfThread<std::vector<Piece>>());
}

}  // namespace decode
