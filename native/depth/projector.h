#pragma once

#include <cstddef>
#include <vector>

#include "depth/lanes.h"
#include "depth/points.h"

namespace depth {

/** Values that are depths, as src/vision/depth/depth-picture.ts has them; both types are in order by their
 * bits. */
template <typename Value>
struct Depths;

template <>
struct Depths<uint16_t> {
  using Bits = uint16_t;
  static constexpr float kMost = 65534;
  static constexpr Bits kMostBits = 65534;
  static constexpr Bits kInvalid = 0;
  static float ValueOf(Bits bits) { return bits; }
  static Bits BitsOf(float value) { return static_cast<Bits>(value); }
};

template <>
struct Depths<float> {
  using Bits = uint32_t;
  static constexpr float kMost = 100'000;
  /** Of kMost. */
  static constexpr Bits kMostBits = 0x47c35000;
  /** NaN, whichever one: REP 118 does not say. */
  static constexpr Bits kInvalid = 0x7fc00000;
  static float ValueOf(Bits bits) {
    float value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
  }
  static Bits BitsOf(float value) {
    Bits bits;
    std::memcpy(&bits, &value, sizeof bits);
    return bits;
  }
};

/** Where four pixels come to lie. */
struct Seen {
  /** Column and row of the cell; 0 unless `on`. */
  I4 column;
  I4 line;
  /** In the color camera's frame, in units of the picture. */
  F4 depth;
  /** Whether it lies on the grid. */
  I4 on;
};

/**
 * Takes pixels of a depth picture to the color camera's grid, four at a time: Projector of
 * src/vision/depth/projection.ts, in its order of operations.
 */
class Projector {
 public:
  /** Memory of the calling thread: what depends on the column only. */
  struct Columns {
    std::vector<float> a, b, c;
    /** Rays of a row that is at work, if they come from a table. */
    std::vector<float> x, y;
  };

  /** @param step pixels between columns that are looked at: column i of what follows is pixel i * step */
  Projector(const Projection& numbers, Rays rays, int width, int step, int map_width, int map_height);

  /** Whether there is neither a table of rays nor a distortion: PlainRow does then. */
  bool plain() const { return rays_.data == nullptr && !(n_.limit > 0); }

  void BeginRow(int row) {
    const float ry = (static_cast<float>(row) - n_.cy) / n_.fy;
    row_a_ = All(n_.matrix[1] * ry + n_.matrix[2]);
    row_b_ = All(n_.matrix[4] * ry + n_.matrix[5]);
    row_c_ = All(n_.matrix[7] * ry + n_.matrix[8]);
    if (rays_.data != nullptr) ReadRays(row);
  }

  /** Columns i to i + 3 of the row; those beyond the picture give anything. */
  Seen At(size_t i, F4 value) const {
    if (plain()) return PlainRow(*this).At(i, value);
    F4 a;
    F4 b;
    F4 c;
    if (rays_.data != nullptr) {
      const F4 rx = Load(columns_.x.data() + i);
      const F4 ry = Load(columns_.y.data() + i);
      a = n_.matrix[0] * rx + (n_.matrix[1] * ry + n_.matrix[2]);
      b = n_.matrix[3] * rx + (n_.matrix[4] * ry + n_.matrix[5]);
      c = n_.matrix[6] * rx + (n_.matrix[7] * ry + n_.matrix[8]);
    } else {
      a = Load(columns_.a.data() + i) + row_a_;
      b = Load(columns_.b.data() + i) + row_b_;
      c = Load(columns_.c.data() + i) + row_c_;
    }
    const F4 depth = c * value + n_.translation[2];
    const F4 inverse = 1 / depth;
    F4 u = (a * value + n_.translation[0]) * inverse;
    F4 v = (b * value + n_.translation[1]) * inverse;
    const I4 shown = n_.limit > 0 ? Distort(u, v) : AllOf(-1);
    return SeenAt(u, v, depth, shown, map_width_, map_height_);
  }

  /** All that a row takes, in registers: the compiler cannot tell that what is written is not a number of a
   * Projector. */
  struct PlainRow {
    explicit PlainRow(const Projector& from)
        : a(from.columns_.a.data()),
          b(from.columns_.b.data()),
          c(from.columns_.c.data()),
          row_a(from.row_a_),
          row_b(from.row_b_),
          row_c(from.row_c_),
          x(All(from.n_.translation[0])),
          y(All(from.n_.translation[1])),
          z(All(from.n_.translation[2])),
          width(from.map_width_),
          height(from.map_height_) {}

    Seen At(size_t i, F4 value) const {
      const F4 depth = (Load(c + i) + row_c) * value + z;
      const F4 inverse = 1 / depth;
      const F4 u = ((Load(a + i) + row_a) * value + x) * inverse;
      const F4 v = ((Load(b + i) + row_b) * value + y) * inverse;
      return SeenAt(u, v, depth, AllOf(-1), width, height);
    }

    /** Of pixels that lie on the grid. @returns cells, some of the grid in any case */
    I4 CellsAt(size_t i, F4 value, int grid_width, uint32_t last_cell) const {
      const F4 depth = (Load(c + i) + row_c) * value + z;
      const F4 inverse = 1 / depth;
      const F4 u = ((Load(a + i) + row_a) * value + x) * inverse;
      const F4 v = ((Load(b + i) + row_b) * value + y) * inverse;
      const I4 cells = __builtin_convertvector(v, I4) * AllOf(grid_width) + __builtin_convertvector(u, I4);
      // No number that anyone gives may read other memory.
      const U4 last = U4{} + last_cell;
      const U4 within = reinterpret_cast<U4>(cells);
      return reinterpret_cast<I4>(within < last ? within : last);
    }

    const float* a;
    const float* b;
    const float* c;
    F4 row_a, row_b, row_c, x, y, z, width, height;
  };

 private:
  static Seen SeenAt(F4 u, F4 v, F4 depth, I4 shown, F4 width, F4 height) {
    const I4 on = shown & (depth > All(0)) & (u >= All(0)) & (v >= All(0)) & (u < width) & (v < height);
    const I4 column = __builtin_convertvector(Where(on, u), I4);
    const I4 line = __builtin_convertvector(Where(on, v), I4);
    return {column, line, depth, on};
  }

  void ReadRays(int row);

  /** From rays to cells. @returns where the lens shows them */
  I4 Distort(F4& u, F4& v) const {
    const float* k = n_.distortion;
    const F4 x = u;
    const F4 y = v;
    const F4 xx = x * x;
    const F4 yy = y * y;
    const F4 r2 = xx + yy;
    const F4 above = 1 + r2 * (k[0] + r2 * (k[1] + r2 * k[4]));
    const F4 below = 1 + r2 * (k[5] + r2 * (k[6] + r2 * k[7]));
    const F4 q = above / below;
    const F4 xy = 2 * (x * y);
    u = n_.color_fx * (x * q + k[2] * xy + k[3] * (r2 + 2 * xx)) + n_.color_cx;
    v = n_.color_fy * (y * q + k[2] * (r2 + 2 * yy) + k[3] * xy) + n_.color_cy;
    return r2 <= All(n_.limit);
  }

  const Projection n_;
  const Rays rays_;
  Columns& columns_;
  const int width_;
  const int step_;
  const F4 map_width_;
  const F4 map_height_;
  F4 row_a_{};
  F4 row_b_{};
  F4 row_c_{};
};

}  // namespace depth
