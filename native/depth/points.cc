#include "depth/points.h"

#include <cmath>
#include <cstring>
#include <limits>

#include "decode/once.h"

namespace depth {
namespace {

using decode::Once;

/** As src/vision/depth/depth-picture.ts has them. */
constexpr double kMillimeter = 0.001;
constexpr uint16_t kMostMillimeters = 65534;
constexpr float kMostMeters = 100'000;

inline bool IsDepth(uint16_t value) { return value != 0 && value <= kMostMillimeters; }
inline bool IsDepth(float value) { return value > 0 && value <= kMostMeters; }
inline double MetersOf(uint16_t value) { return value * kMillimeter; }
inline double MetersOf(float value) { return static_cast<double>(value); }

template <typename Value>
size_t CollectAs(const Value* data, int width, const uint16_t* labels, uint16_t label, const Runs& inner,
                 int step, Points points, size_t used, double& seen) {
  size_t looked_at = 0;
  const auto next = [step](int at, int end) {
    return at + step < end || at == end - 1 ? at + step : end - 1;
  };
  for (int row = inner.top; row < inner.bottom; row = next(row, inner.bottom)) {
    const auto begin = static_cast<size_t>(row) * static_cast<size_t>(width);
    const auto at_row = static_cast<size_t>(row - inner.top);
    for (int32_t k = inner.ends[at_row]; k < inner.ends[at_row + 1]; k += 2) {
      const int last = inner.edges[static_cast<size_t>(k) + 1];
      for (int x = inner.edges[static_cast<size_t>(k)]; x < last; x = next(x, last)) {
        const size_t at = begin + static_cast<size_t>(x);
        if (labels[at] != label) continue;
        looked_at++;
        const Value value = Once(data + at);
        if (!IsDepth(value)) continue;
        if (used < points.capacity) {
          points.pixels[used] = static_cast<uint32_t>(row) << 16 | static_cast<uint32_t>(x);
          points.depths[used] = static_cast<float>(MetersOf(value));
        }
        used++;
      }
    }
  }
  seen = static_cast<double>(looked_at);
  return used;
}

/** Where a pixel comes to lie on the color picture. */
class Projector {
 public:
  Projector(Rays rays, const Projection& numbers, int width) : n_(numbers), rays_(rays), width_(width) {}

  double u = 0;
  double v = 0;
  double depth = 0;

  /** Projector.project() of src/vision/depth/projection.ts, in its order of operations. */
  bool Project(int column, int row, double z) {
    double rx;
    double ry;
    if (rays_.data != nullptr) {
      const size_t at =
          2 * (static_cast<size_t>(row) * static_cast<size_t>(width_) + static_cast<size_t>(column));
      if (at + 1 >= rays_.length) return false;
      rx = static_cast<double>(rays_.data[at]);
      ry = static_cast<double>(rays_.data[at + 1]);
    } else {
      rx = (column - n_.cx) / n_.fx;
      ry = (row - n_.cy) / n_.fy;
    }
    const double* m = n_.rotation;
    const double* t = n_.translation;
    depth = (m[6] * rx + m[7] * ry + m[8]) * z + t[2];
    if (!(depth > 0)) return false;
    double x = ((m[0] * rx + m[1] * ry + m[2]) * z + t[0]) / depth;
    double y = ((m[3] * rx + m[4] * ry + m[5]) * z + t[1]) / depth;
    if (n_.limit > 0) {
      const double* k = n_.distortion;
      const double xx = x * x;
      const double yy = y * y;
      const double r2 = xx + yy;
      if (!(r2 <= n_.limit)) return false;
      const double above = 1 + r2 * (k[0] + r2 * (k[1] + r2 * k[4]));
      const double q = above / (1 + r2 * (k[5] + r2 * (k[6] + r2 * k[7])));
      const double xy = 2 * x * y;
      const double seen = x * q + k[2] * xy + k[3] * (r2 + 2 * xx);
      y = y * q + k[2] * (r2 + 2 * yy) + k[3] * xy;
      x = seen;
    }
    u = n_.color_fx * x + n_.color_cx + 0.5;
    v = n_.color_fy * y + n_.color_cy + 0.5;
    return true;
  }

  /** @returns whether it lies on the grid */
  template <typename Cell>
  bool On(const Grid<Cell>& grid) const {
    return u >= 0 && v >= 0 && u < grid.width && v < grid.height;
  }

 private:
  const Projection& n_;
  Rays rays_;
  int width_;
};

/** Share, and meters, by which something must lie behind what is in front of it to be hidden. */
constexpr double kBehind = 1.05;
constexpr double kBehindAtLeast = 0.05;

template <typename Value>
size_t ProjectAs(const Value* data, const Picture& picture, int step, Projector projector,
                 Grid<uint16_t> labels, Nearest near, FoundPoints found) {
  size_t count = 0;
  for (int y = 0; y < picture.height; y += step) {
    const Value* row = data + static_cast<size_t>(y) * static_cast<size_t>(picture.width);
    for (int x = 0; x < picture.width; x += step) {
      const Value value = Once(row + x);
      if (!IsDepth(value)) continue;
      const double z = MetersOf(value);
      if (!projector.Project(x, y, z) || !projector.On(labels)) continue;
      const int column = static_cast<int>(projector.u);
      const int line = static_cast<int>(projector.v);
      const int square = (line >> near.shift) * near.columns + (column >> near.shift);
      float& nearest = near.nearest[square];
      if (projector.depth < static_cast<double>(nearest)) nearest = static_cast<float>(projector.depth);
      const uint16_t label = labels.cells[static_cast<size_t>(line) * static_cast<size_t>(labels.width) +
                                          static_cast<size_t>(column)];
      if (label == 0) continue;
      const bool hidden = projector.depth > static_cast<double>(nearest) * kBehind + kBehindAtLeast;
      found.pixels[count] = static_cast<uint32_t>(y) << 16 | static_cast<uint32_t>(x);
      found.depths[count] = static_cast<float>(z);
      found.squares[count] = square;
      found.labels[count] = hidden ? uint16_t{0} : label;
      found.color_depths[count++] = static_cast<float>(projector.depth);
    }
  }
  return count;
}

template <typename Value>
void CutAs(const Value* data, const Picture& picture, Projector projector, Grid<uint8_t> marks, uint8_t kept,
           Value invalid, Value* target) {
  for (int y = 0; y < picture.height; y++) {
    for (int x = 0; x < picture.width; x++, data++, target++) {
      const Value value = Once(data);
      uint8_t mark = 0;
      const bool known = IsDepth(value);
      if (known && projector.Project(x, y, MetersOf(value)) && projector.On(marks)) {
        mark = marks.cells[static_cast<size_t>(projector.v) * static_cast<size_t>(marks.width) +
                           static_cast<size_t>(projector.u)];
      }
      *target = known && mark == kept ? value : invalid;
    }
  }
}

}  // namespace

size_t Collect(const Picture& picture, const uint16_t* labels, uint16_t label, const Runs& inner, int step,
               Points points, size_t used, double& seen) {
  const int width = picture.width;
  return picture.meters != nullptr
             ? CollectAs(picture.meters, width, labels, label, inner, step, points, used, seen)
             : CollectAs(picture.millimeters, width, labels, label, inner, step, points, used, seen);
}

size_t Place(const uint32_t* pixels, const float* depths, size_t from, size_t to, int width, Rays rays,
             const Placement& numbers, const uint32_t (&tags)[4], float* words, double (&sums)[kSums]) {
  // Copies, which `words` cannot alias.
  const Placement n = numbers;
  double sx = 0, sy = 0, sz = 0;
  double sxx = 0, sxy = 0, sxz = 0, syy = 0, syz = 0, szz = 0;
  double left = std::numeric_limits<double>::infinity();
  double rightmost = -left;
  double bottom = left;
  double top = -left;
  float* word = words;
  for (size_t i = from; i < to; i++) {
    const auto z = static_cast<double>(Once(depths + i));
    if (z < n.low || z > n.high) continue;
    const uint32_t pixel = Once(pixels + i);
    const uint32_t column = pixel & 0xffff;
    const uint32_t row = pixel >> 16;
    double x;
    double y;
    if (rays.data != nullptr) {
      const size_t ray = 2 * (size_t{row} * static_cast<size_t>(width) + column);
      if (ray + 1 >= rays.length) continue;
      x = static_cast<double>(rays.data[ray]) * z;
      y = static_cast<double>(rays.data[ray + 1]) * z;
      if (std::isnan(x)) continue;
    } else {
      x = (column - n.cx) * n.ix * z;
      y = (row - n.cy) * n.iy * z;
    }
    word[0] = static_cast<float>(x);
    word[1] = static_cast<float>(y);
    word[2] = static_cast<float>(z);
    std::memcpy(word + 3, tags, sizeof tags);
    word += kPointWords;
    const double dz = z - n.median;
    sx += x;
    sy += y;
    sz += dz;
    sxx += x * x;
    sxy += x * y;
    sxz += x * dz;
    syy += y * y;
    syz += y * dz;
    szz += dz * dz;
    const double a = x * n.right[0] + y * n.right[1] + z * n.right[2];
    const double h = x * n.up[0] + y * n.up[1] + z * n.up[2];
    if (a < left) left = a;
    if (a > rightmost) rightmost = a;
    if (h < bottom) bottom = h;
    if (h > top) top = h;
  }
  const double found[kSums] = {sx, sy, sz, sxx, sxy, sxz, syy, syz, szz, left, rightmost, bottom, top};
  std::memcpy(sums, found, sizeof found);
  return static_cast<size_t>(word - words) / kPointWords;
}

void AddToOutline(const float* words, size_t from, size_t to, size_t stride,
                  const double (&numbers)[kOutlineLength], double* low, double* high, double* outer) {
  const double start = numbers[0];
  const double scale = numbers[1];
  const double ax = numbers[2], ay = numbers[3], az = numbers[4];
  const double bx = numbers[5], by = numbers[6], bz = numbers[7];
  double out_x = outer[0], out_y = outer[1], far_x = outer[2], far_y = outer[3];
  for (size_t at = from; at < to; at += stride) {
    const auto px = static_cast<double>(words[at]);
    const auto py = static_cast<double>(words[at + 1]);
    const auto pz = static_cast<double>(words[at + 2]);
    const double x = px * ax + py * ay + pz * az;
    const double y = px * bx + py * by + pz * bz;
    const double share = (x - start) * scale;
    const int strip = 2 * (share >= kStrips ? kStrips - 1 : share > 0 ? static_cast<int>(share) : 0);
    if (y < low[strip + 1]) {
      low[strip] = x;
      low[strip + 1] = y;
    }
    if (y > high[strip + 1]) {
      high[strip] = x;
      high[strip + 1] = y;
    }
    if (x < out_x) {
      out_x = x;
      out_y = y;
    }
    if (x > far_x) {
      far_x = x;
      far_y = y;
    }
  }
  outer[0] = out_x;
  outer[1] = out_y;
  outer[2] = far_x;
  outer[3] = far_y;
}

size_t Project(const Picture& picture, int step, Rays rays, const Projection& numbers, Grid<uint16_t> labels,
               Nearest near, FoundPoints found) {
  const Projector projector(rays, numbers, picture.width);
  return picture.meters != nullptr
             ? ProjectAs(picture.meters, picture, step, projector, labels, near, found)
             : ProjectAs(picture.millimeters, picture, step, projector, labels, near, found);
}

void Cut(const Picture& picture, Rays rays, const Projection& numbers, Grid<uint8_t> marks, uint8_t kept,
         void* target) {
  const Projector projector(rays, numbers, picture.width);
  if (picture.meters != nullptr) {
    CutAs(picture.meters, picture, projector, marks, kept, std::numeric_limits<float>::quiet_NaN(),
          static_cast<float*>(target));
  } else {
    CutAs(picture.millimeters, picture, projector, marks, kept, uint16_t{0}, static_cast<uint16_t*>(target));
  }
}

}  // namespace depth
