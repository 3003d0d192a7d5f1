#include <arm_neon.h>

#include <algorithm>

#include "nv12/kernels.h"

/**
 * The kernels for arm64. The arithmetic is that of kernels_x86.h, with different instructions: NEON
 * multiplies unsigned bytes, has a rounding narrowing shift, and can load and store three interleaved
 * channels.
 *
 * Rows are processed in blocks. The last block is aligned to the end of the row, so some pixels may be
 * computed twice. Rows shorter than a block are left to the portable kernels.
 */
namespace nv12 {
namespace {

constexpr size_t kBlock = 16;

inline size_t Min(size_t a, size_t b) { return a < b ? a : b; }

// --- Scaling

/** The sums over the columns of a group, a * (128 - weight) + b * weight: at most 255 * 128. */
template <size_t kLoads>
inline int16x8_t Taps(const uint8_t* row, const uint16_t* offsets, const uint8x16_t (&shuffles)[kLoads],
                      uint8x16_t weights) {
  uint8x16_t taps = vqtbl1q_u8(vld1q_u8(row + offsets[0]), shuffles[0]);
  for (size_t i = 1; i < kLoads; i++) {
    taps = vorrq_u8(taps, vqtbl1q_u8(vld1q_u8(row + offsets[i]), shuffles[i]));
  }
  const uint16x8_t left = vmull_u8(vget_low_u8(taps), vget_low_u8(weights));
  return vreinterpretq_s16_u16(vmlal_high_u8(left, taps, weights));
}

/** Tables of a group. */
template <size_t kLoads>
struct Group {
  uint8x16_t shuffles[kLoads];
  uint8x16_t weights;

  Group() = default;
  Group(const Columns& columns, size_t group) {
    for (size_t i = 0; i < kLoads; i++) {
      shuffles[i] = vld1q_u8(columns.shuffles + (group * kLoads + i) * kLoad);
    }
    weights = vld1q_u8(columns.weights + group * kLoad);
  }
};

template <bool kBlend, size_t kLoads>
inline uint8x8_t ScaleGroup(const uint8_t* above, const uint8_t* below, int16_t factor,
                            const uint16_t* offsets, const Group<kLoads>& group) {
  int16x8_t sum = Taps<kLoads>(above, offsets, group.shuffles, group.weights);
  if (kBlend) {
    const int16x8_t step = vsubq_s16(Taps<kLoads>(below, offsets, group.shuffles, group.weights), sum);
    sum = vaddq_s16(sum, vqdmulhq_n_s16(step, factor));  // floor(2 * step * factor / 2^16)
  }
  return vqrshrun_n_s16(sum, kWeightBits);
}

/** The periods that repeat, with the tables of the first. */
template <size_t kLoads, bool kBlend>
void ScalePeriods(const uint8_t* above, const uint8_t* below, int16_t factor, const Columns& columns,
                  uint8_t* out) {
  static_assert(kPeriod % 2 == 0, "what follows the periods is scaled in pairs of groups");
  Group<kLoads> groups[kPeriod];
  for (size_t i = 0; i < kPeriod; i++) groups[i] = Group<kLoads>(columns, i);
  uint16_t offsets[kPeriod * kLoads];  // a copy, which `out` cannot alias
  std::copy_n(columns.offsets, kPeriod * kLoads, offsets);
  for (size_t group = 0; group < columns.repeating; group += kPeriod) {
#pragma GCC unroll 6
    for (size_t i = 0; i < kPeriod; i++) {
      vst1_u8(out + i * kGroup, ScaleGroup<kBlend>(above, below, factor, offsets + i * kLoads, groups[i]));
    }
    above += columns.advance;
    below += columns.advance;
    out += kPeriod * kGroup;
  }
}

template <size_t kLoads, bool kBlend>
void Scale(const uint8_t* above, const uint8_t* below, int weight, const Columns& of_plane, uint8_t* out) {
  const Columns columns = of_plane;  // a copy, which `out` cannot alias
  const auto factor = static_cast<int16_t>(weight << (15 - kWeightBits));
  size_t group = 0;
  if constexpr (kLoads < 4) {
    if (columns.repeating > 0) {
      group = columns.repeating;
      ScalePeriods<kLoads, kBlend>(above, below, factor, columns, out);
    }
  }
  const auto scale = [&](size_t at) {
    return ScaleGroup<kBlend>(above, below, factor, columns.offsets + at * kLoads,
                              Group<kLoads>(columns, at));
  };
  const size_t last = columns.width * columns.channels - kGroup;
  for (; group < columns.groups; group += 2) {  // two at once hide each other's latency
    const uint8x8_t first = scale(group);
    const uint8x8_t second = scale(group + 1);
    vst1_u8(out + Min(group * kGroup, last), first);
    vst1_u8(out + Min((group + 1) * kGroup, last), second);
  }
}

void ScaleRow(const uint8_t* above, const uint8_t* below, int weight, const Columns& columns, uint8_t* out) {
  if (columns.loads == 0) return portable::ScaleRow(above, below, weight, columns, out);
  const auto run = [&](auto with, auto without) {
    (weight == 0 ? without : with)(above, below, weight, columns, out);
  };
  if (columns.loads == 1) {
    run(Scale<1, true>, Scale<1, false>);
  } else if (columns.loads == 2) {
    run(Scale<2, true>, Scale<2, false>);
  } else {
    run(Scale<4, true>, Scale<4, false>);
  }
}

// --- RGB to YUV

struct Weights {
  int16_t red;
  int16_t green;
  int16_t blue;
};

inline uint16x4_t LumaOf(uint16x4_t red, uint16x4_t green, uint16x4_t blue, const Weights& w) {
  const auto weight = [](int16_t value) { return static_cast<uint16_t>(value); };
  const uint32x4_t sum =
      vmlal_n_u16(vmlal_n_u16(vmull_n_u16(red, weight(w.red)), green, weight(w.green)), blue, weight(w.blue));
  return vrshrn_n_u32(sum, kToYuvBits);
}

/** Three channels of 16 pixels; a fourth channel is dropped. */
template <int kBytes>
inline uint8x16x3_t LoadChannels(const uint8_t* pixels) {
  if constexpr (kBytes == 3) return vld3q_u8(pixels);
  const uint8x16x4_t all = vld4q_u8(pixels);
  return {{all.val[0], all.val[1], all.val[2]}};
}

/** Luma of 16 pixels, without the black offset. */
inline uint8x16_t LumaOf(const uint8x16x3_t& rgb, const Weights& w) {
  const auto half = [&w](uint8x8_t r, uint8x8_t g, uint8x8_t b) {
    const uint16x8_t red = vmovl_u8(r);
    const uint16x8_t green = vmovl_u8(g);
    const uint16x8_t blue = vmovl_u8(b);
    return vmovn_u16(vcombine_u16(LumaOf(vget_low_u16(red), vget_low_u16(green), vget_low_u16(blue), w),
                                  LumaOf(vget_high_u16(red), vget_high_u16(green), vget_high_u16(blue), w)));
  };
  return vcombine_u8(half(vget_low_u8(rgb.val[0]), vget_low_u8(rgb.val[1]), vget_low_u8(rgb.val[2])),
                     half(vget_high_u8(rgb.val[0]), vget_high_u8(rgb.val[1]), vget_high_u8(rgb.val[2])));
}

inline int16x4_t ChromaOf(int16x4_t red, int16x4_t green, int16x4_t blue, const Weights& w) {
  const int32x4_t sum = vmlal_n_s16(vmlal_n_s16(vmull_n_s16(red, w.red), green, w.green), blue, w.blue);
  return vmovn_s32(vrshrq_n_s32(sum, kToYuvBits + 2));
}

/** One chroma byte of each of eight blocks from the sums of their pixels; pure blue and pure red saturate. */
inline uint8x8_t ChromaOf(const int16x8_t (&sums)[3], const Weights& w) {
  const int16x8_t chroma =
      vcombine_s16(ChromaOf(vget_low_s16(sums[0]), vget_low_s16(sums[1]), vget_low_s16(sums[2]), w),
                   ChromaOf(vget_high_s16(sums[0]), vget_high_s16(sums[1]), vget_high_s16(sums[2]), w));
  return vqmovun_s16(vaddq_s16(chroma, vdupq_n_s16(128)));
}

template <int kBytes>
void YuvOfRows(const uint8_t* upper, const uint8_t* lower, int red, size_t width, const ToYuv& matrix,
               uint8_t* upper_luma, uint8_t* lower_luma, uint8_t* chroma) {
  // Weights in the order of memory.
  const auto weights = [red](int16_t r, int16_t g, int16_t b) {
    return red == 0 ? Weights{r, g, b} : Weights{b, g, r};
  };
  const Weights y = weights(matrix.yr, matrix.yg, matrix.yb);
  const Weights u = weights(matrix.ur, matrix.ug, matrix.ub);
  const Weights v = weights(matrix.vr, matrix.vg, matrix.vb);
  const uint8x16_t black = vdupq_n_u8(static_cast<uint8_t>(matrix.black));
  for (size_t block = 0; block < width; block += kBlock) {
    const size_t x = Min(block, width - kBlock);
    const uint8x16x3_t above = LoadChannels<kBytes>(upper + kBytes * x);
    const uint8x16x3_t below = LoadChannels<kBytes>(lower + kBytes * x);
    vst1q_u8(upper_luma + x, vaddq_u8(LumaOf(above, y), black));
    vst1q_u8(lower_luma + x, vaddq_u8(LumaOf(below, y), black));
    int16x8_t sums[3];
    for (int c = 0; c < 3; c++) {
      sums[c] = vreinterpretq_s16_u16(vpadalq_u8(vpaddlq_u8(above.val[c]), below.val[c]));
    }
    vst2_u8(chroma + x, uint8x8x2_t{{ChromaOf(sums, u), ChromaOf(sums, v)}});
  }
}

void YuvOfRgbRows(const uint8_t* upper, const uint8_t* lower, int red, size_t width, const ToYuv& matrix,
                  uint8_t* upper_luma, uint8_t* lower_luma, uint8_t* chroma) {
  const auto rows = width < kBlock ? portable::YuvOfRgbRows : YuvOfRows<3>;
  rows(upper, lower, red, width, matrix, upper_luma, lower_luma, chroma);
}

void YuvOfRgbaRows(const uint8_t* upper, const uint8_t* lower, int red, size_t width, const ToYuv& matrix,
                   uint8_t* upper_luma, uint8_t* lower_luma, uint8_t* chroma) {
  const auto rows = width < kBlock ? portable::YuvOfRgbaRows : YuvOfRows<4>;
  rows(upper, lower, red, width, matrix, upper_luma, lower_luma, chroma);
}

// --- YUV 4:2:2 to 4:2:0

void YuvOf422Rows(const uint8_t* upper, const uint8_t* lower, size_t luma_at, size_t width,
                  uint8_t* upper_luma, uint8_t* lower_luma, uint8_t* chroma) {
  if (width < kBlock) {
    return portable::YuvOf422Rows(upper, lower, luma_at, width, upper_luma, lower_luma, chroma);
  }
  const bool luma_first = luma_at == 0;
  for (size_t block = 0; block < width; block += kBlock) {
    const size_t x = Min(block, width - kBlock);
    const uint8x16x2_t above = vld2q_u8(upper + 2 * x);
    const uint8x16x2_t below = vld2q_u8(lower + 2 * x);
    vst1q_u8(upper_luma + x, luma_first ? above.val[0] : above.val[1]);
    vst1q_u8(lower_luma + x, luma_first ? below.val[0] : below.val[1]);
    vst1q_u8(chroma + x,
             vrhaddq_u8(luma_first ? above.val[1] : above.val[0], luma_first ? below.val[1] : below.val[0]));
  }
}

/** Without the overlapping last block of the other kernels: in place, it would swap twice. */
void SwapPairsRow(const uint8_t* in, size_t width, uint8_t* out) {
  const size_t whole = width - width % kBlock;
  for (size_t x = 0; x < whole; x += kBlock) vst1q_u8(out + x, vrev16q_u8(vld1q_u8(in + x)));
  if (whole < width) portable::SwapPairsRow(in + whole, width - whole, out + whole);
}

void LumaOfGrayRow(const uint8_t* gray, size_t width, const ToYuv& matrix, uint8_t* luma) {
  const int gain = matrix.yr + matrix.yg + matrix.yb;
  if (width < kBlock || gain > INT16_MAX) return portable::LumaOfGrayRow(gray, width, matrix, luma);
  const uint8x16_t black = vdupq_n_u8(static_cast<uint8_t>(matrix.black));
  const auto convert = [gain](uint8x8_t v) {
    const int16x8_t wide = vreinterpretq_s16_u16(vmovl_u8(v));
    return vqmovun_s16(vqrdmulhq_n_s16(wide, static_cast<int16_t>(gain)));  // (v * gain + 2^14) >> 15
  };
  for (size_t block = 0; block < width; block += kBlock) {
    const size_t x = Min(block, width - kBlock);
    const uint8x16_t bytes = vld1q_u8(gray + x);
    const uint8x16_t scaled = vcombine_u8(convert(vget_low_u8(bytes)), convert(vget_high_u8(bytes)));
    vst1q_u8(luma + x, vaddq_u8(scaled, black));
  }
}

// --- YUV to RGB, in 16 bits: a product of 2^13ths is its whole part and its 13 bits of fraction.

struct Fixed {
  int16x8_t whole;
  int16x8_t fraction;
};

inline Fixed Product(int16x8_t value, int16_t factor) {
  // The multiplication doubles: floor(2 * (value << 2) * factor / 2^16).
  return {vqdmulhq_n_s16(vshlq_n_s16(value, 15 - kToRgbBits), factor),
          vandq_s16(vmulq_n_s16(value, factor), vdupq_n_s16((1 << kToRgbBits) - 1))};
}

inline Fixed Add(const Fixed& a, const Fixed& b) {
  return {vaddq_s16(a.whole, b.whole), vaddq_s16(a.fraction, b.fraction)};
}

/** Carries the fraction: of up to three products and a half, less than four units. */
inline int16x8_t Floor(const Fixed& a) { return vsraq_n_s16(a.whole, a.fraction, kToRgbBits); }

/** 16 bytes of one color from two times eight luma products and the chroma of eight pairs. */
template <bool kWholeLuma>
inline uint8x16_t Color(const Fixed& low, const Fixed& high, const Fixed& chroma) {
  if (kWholeLuma) {  // luma has no fraction, so that of chroma is carried once for both pixels
    const int16x8_t whole = Floor(chroma);
    return vcombine_u8(vqmovun_s16(vaddq_s16(low.whole, vzip1q_s16(whole, whole))),
                       vqmovun_s16(vaddq_s16(high.whole, vzip2q_s16(whole, whole))));
  }
  const Fixed first = {vzip1q_s16(chroma.whole, chroma.whole), vzip1q_s16(chroma.fraction, chroma.fraction)};
  const Fixed second = {vzip2q_s16(chroma.whole, chroma.whole), vzip2q_s16(chroma.fraction, chroma.fraction)};
  return vcombine_u8(vqmovun_s16(Floor(Add(low, first))), vqmovun_s16(Floor(Add(high, second))));
}

/** Calls `write(x, rgb)` with the colors of 16 pixels for every block. */
template <bool kWholeLuma, typename Write>
inline void ForEachBlock(const uint8_t* luma, const uint8_t* chroma, size_t width, const ToRgb& matrix,
                         Write write) {
  const ToRgb m = matrix;
  const Fixed half = {vdupq_n_s16(0), vdupq_n_s16(1 << (kToRgbBits - 1))};
  const auto widen = [](uint8x8_t bytes) { return vreinterpretq_s16_u16(vmovl_u8(bytes)); };
  for (size_t block = 0; block < width; block += kBlock) {
    const size_t x = Min(block, width - kBlock);
    const uint8x16_t bytes = vld1q_u8(luma + x);
    Fixed low = {widen(vget_low_u8(bytes)), vdupq_n_s16(0)};
    Fixed high = {widen(vget_high_u8(bytes)), vdupq_n_s16(0)};
    if (!kWholeLuma) {
      low = Product(vsubq_s16(low.whole, vdupq_n_s16(m.black)), m.yy);
      high = Product(vsubq_s16(high.whole, vdupq_n_s16(m.black)), m.yy);
    }
    const uint8x8x2_t pairs = vld2_u8(chroma + x);
    const int16x8_t u = vsubq_s16(widen(pairs.val[0]), vdupq_n_s16(128));
    const int16x8_t v = vsubq_s16(widen(pairs.val[1]), vdupq_n_s16(128));
    uint8x16x3_t rgb;
    rgb.val[0] = Color<kWholeLuma>(low, high, Add(Product(v, m.rv), half));
    rgb.val[1] = Color<kWholeLuma>(low, high, Add(Add(Product(u, m.gu), Product(v, m.gv)), half));
    rgb.val[2] = Color<kWholeLuma>(low, high, Add(Product(u, m.bu), half));
    write(x, rgb);
  }
}

template <typename Write>
inline void ForEachBlock(const uint8_t* luma, const uint8_t* chroma, size_t width, const ToRgb& matrix,
                         Write write) {
  if (matrix.black == 0 && matrix.yy == 1 << kToRgbBits) {
    ForEachBlock<true>(luma, chroma, width, matrix, write);
  } else {
    ForEachBlock<false>(luma, chroma, width, matrix, write);
  }
}

inline void StoreFloats(float* out, uint8x16_t bytes) {
  const auto store = [](float* to, uint16x4_t v) {
    vst1q_f32(to, vmulq_n_f32(vcvtq_f32_u32(vmovl_u16(v)), kFloatUnit));
  };
  const uint16x8_t low = vmovl_u8(vget_low_u8(bytes));
  const uint16x8_t high = vmovl_u8(vget_high_u8(bytes));
  store(out, vget_low_u16(low));
  store(out + 4, vget_high_u16(low));
  store(out + 8, vget_low_u16(high));
  store(out + 12, vget_high_u16(high));
}

void PlanarFloatRow(const uint8_t* luma, const uint8_t* chroma, size_t width, const ToRgb& matrix, float* red,
                    float* green, float* blue) {
  if (width < kBlock) return portable::PlanarFloatRow(luma, chroma, width, matrix, red, green, blue);
  ForEachBlock(luma, chroma, width, matrix, [=](size_t x, const uint8x16x3_t& rgb) {
    StoreFloats(red + x, rgb.val[0]);
    StoreFloats(green + x, rgb.val[1]);
    StoreFloats(blue + x, rgb.val[2]);
  });
}

void RgbRow(const uint8_t* luma, const uint8_t* chroma, size_t width, const ToRgb& matrix, uint8_t* rgb) {
  if (width < kBlock) return portable::RgbRow(luma, chroma, width, matrix, rgb);
  ForEachBlock(luma, chroma, width, matrix,
               [=](size_t x, const uint8x16x3_t& pixels) { vst3q_u8(rgb + 3 * x, pixels); });
}

}  // namespace

const Kernels kNeonKernels = {
    "neon",       ScaleRow,      YuvOfRgbRows,   YuvOfRgbaRows, YuvOf422Rows,
    SwapPairsRow, LumaOfGrayRow, PlanarFloatRow, RgbRow,
};

}  // namespace nv12
