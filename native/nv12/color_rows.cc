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

inline Rgb Convert(int luma, int u, int v, const ToRgb& m) {
  const int base = (luma - m.black) * m.yy + (1 << (kToRgbBits - 1));
  return {Clamp((base + v * m.rv) >> kToRgbBits), Clamp((base + u * m.gu + v * m.gv) >> kToRgbBits),
          Clamp((base + u * m.bu) >> kToRgbBits)};
}

/** Calls `write(x, color)` for each pixel of a row. */
template <typename Write>
inline void ForEachPixel(const uint8_t* luma, const uint8_t* chroma, size_t width, const ToRgb& matrix,
                         Write write) {
  const ToRgb m = matrix;
  for (size_t x = 0; x < width; x += 2) {
    const int u = chroma[x] - 128;
    const int v = chroma[x + 1] - 128;
    write(x, Convert(luma[x], u, v, m));
    write(x + 1, Convert(luma[x + 1], u, v, m));
  }
}

inline uint8_t Luma(int red, int green, int blue, const ToYuv& m) {
  constexpr int kHalf = 1 << (kToYuvBits - 1);
  return static_cast<uint8_t>(m.black + ((red * m.yr + green * m.yg + blue * m.yb + kHalf) >> kToYuvBits));
}

template <size_t kBytes>
void LumaOfRgb(const uint8_t* __restrict rgb, int red, size_t width, const ToYuv& m,
               uint8_t* __restrict luma) {
  for (size_t i = 0; i < width; i++) {
    const uint8_t* pixel = rgb + kBytes * i;
    luma[i] = Luma(pixel[red], pixel[1], pixel[2 - red], m);
  }
}

/** `kBytes` per pixel. */
template <size_t kBytes>
void YuvOfRows(const uint8_t* __restrict upper, const uint8_t* __restrict lower, int red, size_t width,
               const ToYuv& matrix, uint8_t* __restrict upper_luma, uint8_t* __restrict lower_luma,
               uint8_t* __restrict chroma) {
  const ToYuv m = matrix;
  LumaOfRgb<kBytes>(upper, red, width, m, upper_luma);
  LumaOfRgb<kBytes>(lower, red, width, m, lower_luma);
  for (size_t x = 0; x < width; x += 2) {
    const uint8_t* a = upper + kBytes * x;
    const uint8_t* b = lower + kBytes * x;
    const auto sum = [a, b](int c) { return a[c] + a[kBytes + c] + b[c] + b[kBytes + c]; };
    const int r = sum(red);
    const int g = sum(1);
    const int bl = sum(2 - red);
    constexpr int kHalf = 1 << (kToYuvBits + 1);
    // Pure blue and pure red would round up to 256.
    chroma[x] = static_cast<uint8_t>(
        std::min(255, 128 + ((r * m.ur + g * m.ug + bl * m.ub + kHalf) >> (kToYuvBits + 2))));
    chroma[x + 1] = static_cast<uint8_t>(
        std::min(255, 128 + ((r * m.vr + g * m.vg + bl * m.vb + kHalf) >> (kToYuvBits + 2))));
  }
}

}  // namespace

const ToRgb& ToRgbOf(Range range) { return range == Range::kFull ? kFullToRgb : kLimitedToRgb; }
const ToYuv& ToYuvOf(Range range) { return range == Range::kFull ? kFullToYuv : kLimitedToYuv; }

namespace portable {

void YuvOfRgbRows(const uint8_t* upper, const uint8_t* lower, int red, size_t width, const ToYuv& matrix,
                  uint8_t* upper_luma, uint8_t* lower_luma, uint8_t* chroma) {
  YuvOfRows<3>(upper, lower, red, width, matrix, upper_luma, lower_luma, chroma);
}

void YuvOfRgbaRows(const uint8_t* upper, const uint8_t* lower, int red, size_t width, const ToYuv& matrix,
                   uint8_t* upper_luma, uint8_t* lower_luma, uint8_t* chroma) {
  YuvOfRows<4>(upper, lower, red, width, matrix, upper_luma, lower_luma, chroma);
}

void YuvOf422Rows(const uint8_t* __restrict upper, const uint8_t* __restrict lower, size_t luma_at,
                  size_t width, uint8_t* __restrict upper_luma, uint8_t* __restrict lower_luma,
                  uint8_t* __restrict chroma) {
  const size_t chroma_at = 1 - luma_at;
  for (size_t x = 0; x < width; x++) {
    upper_luma[x] = upper[2 * x + luma_at];
    lower_luma[x] = lower[2 * x + luma_at];
    chroma[x] = static_cast<uint8_t>((upper[2 * x + chroma_at] + lower[2 * x + chroma_at] + 1) >> 1);
  }
}

void SwapPairsRow(const uint8_t* in, size_t width, uint8_t* out) {
  for (size_t x = 0; x < width; x += 2) {
    const uint8_t first = in[x];
    out[x] = in[x + 1];
    out[x + 1] = first;
  }
}

void GrayOf16Row(const uint8_t* __restrict row, bool big_endian, uint32_t white, size_t width,
                 uint8_t* __restrict gray) {
  // Division by multiplication, exact: the dividend is below 2^25, and the factor exceeds 2^41 / white by
  // less than 1, so the product errs by less than 2^25 / 2^41, which is less than 1 / white.
  constexpr int kBits = 41;
  const uint64_t factor = ((uint64_t{1} << kBits) + white - 1) / white;
  const size_t high = big_endian ? 0 : 1;
  for (size_t x = 0; x < width; x++) {
    const uint32_t value = static_cast<uint32_t>(row[2 * x + high] << 8) | row[2 * x + 1 - high];
    const uint64_t dividend = uint64_t{std::min(value, white)} * 255 + white / 2;
    gray[x] = static_cast<uint8_t>((dividend * factor) >> kBits);
  }
}

void LumaOfGrayRow(const uint8_t* __restrict gray, size_t width, const ToYuv& matrix,
                   uint8_t* __restrict luma) {
  const ToYuv m = matrix;
  for (size_t i = 0; i < width; i++) luma[i] = Luma(gray[i], gray[i], gray[i], m);
}

void PlanarFloatRow(const uint8_t* __restrict luma, const uint8_t* __restrict chroma, size_t width,
                    const ToRgb& matrix, float* __restrict red, float* __restrict green,
                    float* __restrict blue) {
  ForEachPixel(luma, chroma, width, matrix, [=](size_t x, const Rgb& rgb) {
    red[x] = static_cast<float>(rgb.red) * kFloatUnit;
    green[x] = static_cast<float>(rgb.green) * kFloatUnit;
    blue[x] = static_cast<float>(rgb.blue) * kFloatUnit;
  });
}

void RgbRow(const uint8_t* __restrict luma, const uint8_t* __restrict chroma, size_t width,
            const ToRgb& matrix, uint8_t* __restrict rgb) {
  ForEachPixel(luma, chroma, width, matrix, [=](size_t x, const Rgb& pixel) {
    rgb[3 * x] = static_cast<uint8_t>(pixel.red);
    rgb[3 * x + 1] = static_cast<uint8_t>(pixel.green);
    rgb[3 * x + 2] = static_cast<uint8_t>(pixel.blue);
  });
}

}  // namespace portable
}  // namespace nv12
