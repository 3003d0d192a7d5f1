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

  void BeginRow(int row) {
    const float ry = RayOf(row);
    row_a_ = All(n_.matrix[1] * ry + n_.matrix[2]);
    row_b_ = All(n_.matrix[4] * ry + n_.matrix[5]);
    row_c_ = All(n_.matrix[7] * ry + n_.matrix[8]);
    if (rays_.data != nullptr) ReadRays(row);
  }

  /** Columns i to i + 3 of the row; those beyond the picture give anything. */
  Seen At(size_t i, F4 value) const {
    F4 a;
    F4 b;
    F4 c;
    if (rays_.data != nullptr) {
      const F4 rx = Load(columns_.x.data() + i);
      const F4 ry = Load(columns_.y.data() + i);
      a = All(n_.matrix[0]) * rx + (All(n_.matrix[1]) * ry + All(n_.matrix[2]));
      b = All(n_.matrix[3]) * rx + (All(n_.matrix[4]) * ry + All(n_.matrix[5]));
      c = All(n_.matrix[6]) * rx + (All(n_.matrix[7]) * ry + All(n_.matrix[8]));
    } else {
      a = Load(columns_.a.data() + i) + row_a_;
      b = Load(columns_.b.data() + i) + row_b_;
      c = Load(columns_.c.data() + i) + row_c_;
    }
    Seen seen;
    seen.depth = c * value + All(n_.translation[2]);
    const F4 inverse = 1 / seen.depth;
    F4 u = (a * value + All(n_.translation[0])) * inverse;
    F4 v = (b * value + All(n_.translation[1])) * inverse;
    seen.on = seen.depth > All(0);
    if (n_.limit > 0) seen.on &= Distort(u, v);
    seen.on &= (u >= All(0)) & (v >= All(0)) & (u < map_width_) & (v < map_height_);
    seen.column = __builtin_convertvector(Where(seen.on, u), I4);
    seen.line = __builtin_convertvector(Where(seen.on, v), I4);
    return seen;
  }

 private:
  float RayOf(int row) const { return (static_cast<float>(row) - n_.cy) / n_.fy; }
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
