#include "decode/boxes.h"

#include <array>
#include <cmath>
#include <cstring>

namespace decode {
namespace {

/** Below this, e^x is close to the smallest normal number, and negligible beside the 1 of the largest bin. */
constexpr double kLeastExponent = -700;

double Distance(const float* values, int bins) {
  if (bins == 1) return values[0];
  double largest = values[0];
  for (int k = 1; k < bins; k++) {
    // Like Math.max: NaN wins.
    if (values[k] > largest || values[k] != values[k]) largest = values[k];
    if (largest != largest) break;
  }
  double sum = 0;
  double weighted = 0;
  for (int k = 0; k < bins; k++) {
    const double weight = SoftExp(static_cast<double>(values[k]) - largest);
    sum += weight;
    weighted += k * weight;
  }
  return weighted / sum;
}

}  // namespace

double SoftExp(double x) {
  // The algorithm of fdlibm (Sun Microsystems, freely granted). V8's Math.exp is the same, except that
  // compilers may fuse multiplications and additions there.
  constexpr double kLn2High = 6.93147180369123816490e-01;
  constexpr double kLn2Low = 1.90821492927058770002e-10;
  constexpr double kInverseLn2 = 1.44269504088896338700;
  constexpr double kP1 = 1.66666666666666019037e-01;
  constexpr double kP2 = -2.77777777770155933842e-03;
  constexpr double kP3 = 6.61375632143793436117e-05;
  constexpr double kP4 = -1.65339022054652515390e-06;
  constexpr double kP5 = 4.13813679705723846039e-08;
  constexpr double kHalfLn2 = 0x1.62e43p-2;
  constexpr double kTiny = 0x1p-28;
  if (x != x) return x;
  if (x < kLeastExponent) return 0;
  if (x > -kTiny) return 1 + x;
  const int k = x > -kHalfLn2 ? 0 : static_cast<int>(kInverseLn2 * x - 0.5);
  const double high = x - k * kLn2High;
  const double low = k * kLn2Low;
  const double reduced = high - low;
  const double t = reduced * reduced;
  const double c = reduced - t * (kP1 + t * (kP2 + t * (kP3 + t * (kP4 + t * kP5))));
  if (k == 0) return 1 - ((reduced * c) / (c - 2) - reduced);
  const double y = 1 - ((low - (reduced * c) / (2 - c)) - high);
  const auto bits = static_cast<uint64_t>(1023 + k) << 52;
  double power;
  std::memcpy(&power, &bits, sizeof power);
  return y * power;
}

void ReadChannels(const Head& head, const void* values, int cell, float* target) {
  WithType(head.type, values, [&](const auto* data) {
    const auto* from = data + head.At(cell);
    for (int c = 0; c < head.channels; c++) {
      const auto value = static_cast<double>(from[c * head.stride_c]);
      target[c] = static_cast<float>(head.scale ? (value - head.zero[c]) * head.scale[c] : value);
    }
  });
}

bool DistanceBox(const Head& head, const void* values, int stride, int bins, int cell, const Boxes& boxes,
                 size_t i) {
  std::array<float, size_t{4} * kMostBins> distances;
  if (bins > kMostBins) return false;
  ReadChannels(head, values, cell, distances.data());
  const int y = cell / head.width;
  const int x = cell - y * head.width;
  const double x1 = (x + 0.5 - Distance(distances.data(), bins)) * stride;
  const double y1 = (y + 0.5 - Distance(distances.data() + bins, bins)) * stride;
  const double x2 = (x + 0.5 + Distance(distances.data() + ptrdiff_t{2} * bins, bins)) * stride;
  const double y2 = (y + 0.5 + Distance(distances.data() + ptrdiff_t{3} * bins, bins)) * stride;
  boxes.x1[i] = static_cast<float>(x1);
  boxes.y1[i] = static_cast<float>(y1);
  boxes.x2[i] = static_cast<float>(x2);
  boxes.y2[i] = static_cast<float>(y2);
  // Differences of finite numbers: NaN fails both comparisons, an infinite side the second.
  const double width = x2 - x1;
  const double height = y2 - y1;
  return width > 0 && height > 0 && width < HUGE_VAL && height < HUGE_VAL;
}

}  // namespace decode
