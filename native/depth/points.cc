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

}  // namespace depth
