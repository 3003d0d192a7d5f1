#include "nv12/color_rows.h"

#include <algorithm>

namespace nv12 {
namespace {

// ITU-R BT.601: Y = 0.299 R + 0.587 G + 0.114 B; U = (B - Y) / 1.772; V = (R - Y) / 1.402 (JFIF 1.02 for the
// full range). Limited range spreads luma over 219 steps and chroma over 224 instead of 255.
constexpr ToRgb kFullToRgb = {0, 8192, 11485, -2819, -5850, 14516};
constexpr ToRgb kLimitedToRgb = {16, 9539, 13075, -3209, -6660, 16525};

// Rounded so that each row keeps its sum: 32768, or 28142 (219/255 of it), and 0.
constexpr ToYuv kFullToYuv = {0, 9798, 19235, 3735, -5529, -10855, 16384, 16384, -13720, -2664};
constexpr ToYuv kLimitedToYuv = {16, 8414, 16520, 3208, -4857, -9535, 14392, 14392, -12052, -2340};

inline int Clamp(int value) { return std::min(std::max(value, 0), 255); }

struct Rgb {
  int red;
  int green;
  int blue;
};

inline Rgb Convert(uint8_t luma, int16_t u, int16_t v, const ToRgb& m) {
  const auto y = static_cast<int16_t>(luma - m.black);
  const int base = y * m.yy + (1 << 12);
  return {Clamp((base + v * m.rv) >> 13), Clamp((base + u * m.gu + v * m.gv) >> 13),
          Clamp((base + u * m.bu) >> 13)};
}

inline uint8_t Luma(int red, int green, int blue, const ToYuv& m) {
  return static_cast<uint8_t>(m.black + ((red * m.yr + green * m.yg + blue * m.yb + (1 << 14)) >> 15));
}

}  // namespace

const ToRgb& ToRgbOf(Range range) { return range == Range::kFull ? kFullToRgb : kLimitedToRgb; }
const ToYuv& ToYuvOf(Range range) { return range == Range::kFull ? kFullToYuv : kLimitedToYuv; }

void SpreadChroma(const uint8_t* __restrict chroma, size_t pairs, int16_t* __restrict u,
                  int16_t* __restrict v) {
  for (size_t i = 0; i < pairs; i++) {
    u[2 * i] = u[2 * i + 1] = static_cast<int16_t>(chroma[2 * i] - 128);
    v[2 * i] = v[2 * i + 1] = static_cast<int16_t>(chroma[2 * i + 1] - 128);
  }
}

void ToPlanarFloat(const uint8_t* __restrict luma, const int16_t* __restrict u, const int16_t* __restrict v,
                   size_t width, const ToRgb& matrix, float* __restrict red, float* __restrict green,
                   float* __restrict blue) {
  constexpr float kUnit = 1.0f / 255.0f;
  const ToRgb m = matrix;
  for (size_t i = 0; i < width; i++) {
    const Rgb rgb = Convert(luma[i], u[i], v[i], m);
    red[i] = static_cast<float>(rgb.red) * kUnit;
    green[i] = static_cast<float>(rgb.green) * kUnit;
    blue[i] = static_cast<float>(rgb.blue) * kUnit;
  }
}

void ToInterleaved(const uint8_t* __restrict luma, const int16_t* __restrict u, const int16_t* __restrict v,
                   size_t width, const ToRgb& matrix, uint8_t* __restrict rgb) {
  const ToRgb m = matrix;
  for (size_t i = 0; i < width; i++) {
    const Rgb pixel = Convert(luma[i], u[i], v[i], m);
    rgb[3 * i] = static_cast<uint8_t>(pixel.red);
    rgb[3 * i + 1] = static_cast<uint8_t>(pixel.green);
    rgb[3 * i + 2] = static_cast<uint8_t>(pixel.blue);
  }
}

void LumaOfRgb(const uint8_t* __restrict rgb, int red, size_t width, const ToYuv& matrix,
               uint8_t* __restrict luma) {
  const ToYuv m = matrix;
  for (size_t i = 0; i < width; i++) {
    const uint8_t* pixel = rgb + 3 * i;
    luma[i] = Luma(pixel[red], pixel[1], pixel[2 - red], m);
  }
}

void ChromaOfRgb(const uint8_t* __restrict upper, const uint8_t* __restrict lower, int red, size_t pairs,
                 const ToYuv& matrix, uint8_t* __restrict chroma) {
  const ToYuv m = matrix;
  for (size_t i = 0; i < pairs; i++) {
    const uint8_t* a = upper + 6 * i;
    const uint8_t* b = lower + 6 * i;
    const auto sum = [a, b](int c) { return a[c] + a[3 + c] + b[c] + b[3 + c]; };
    const int r = sum(red);
    const int g = sum(1);
    const int bl = sum(2 - red);
    // Pure blue and pure red would round up to 256.
    chroma[2 * i] =
        static_cast<uint8_t>(std::min(255, 128 + ((r * m.ur + g * m.ug + bl * m.ub + (1 << 16)) >> 17)));
    chroma[2 * i + 1] =
        static_cast<uint8_t>(std::min(255, 128 + ((r * m.vr + g * m.vg + bl * m.vb + (1 << 16)) >> 17)));
  }
}

void LumaOfGrey(const uint8_t* __restrict grey, size_t width, const ToYuv& matrix, uint8_t* __restrict luma) {
  const ToYuv m = matrix;
  for (size_t i = 0; i < width; i++) luma[i] = Luma(grey[i], grey[i], grey[i], m);
}

}  // namespace nv12
