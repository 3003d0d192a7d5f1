#pragma once

#include <algorithm>

#include "nv12/kernels.h"
#include "nv12/lanes_x86.h"

/**
 * The kernels for x86, written once for both vector widths (lanes_x86.h, which explains the internal
 * linkage).
 *
 * Rows are processed in blocks. The last block is aligned to the end of the row, so some pixels may be
 * computed twice. Rows shorter than a block are left to the kernels `kNarrower`.
 */
namespace nv12 {
namespace {

template <class L, const Kernels& kNarrower>
class X86Kernels {
  using V = typename L::V;
  static constexpr size_t kStep = kBlock * L::kStreams;

  // --- Scaling

  /** The negated sums over a group's columns for each stream: -(a * (128 - weight) + b * weight). */
  template <size_t kLoads>
  static V Taps(const uint8_t* row, const uint16_t* offsets, const V (&shuffles)[kLoads], V weights) {
    V taps = L::Shuffle(L::Gather(row, offsets, kLoads), shuffles[0]);
    for (size_t i = 1; i < kLoads; i++) {
      taps = L::Or(taps, L::Shuffle(L::Gather(row, offsets + i, kLoads), shuffles[i]));
    }
    return L::MultiplyBytes(taps, weights);
  }

  /** Tables of a group of each stream. */
  template <size_t kLoads>
  struct Groups {
    V shuffles[kLoads];
    V weights;

    Groups() = default;
    Groups(const Columns& columns, size_t group) {
      for (size_t i = 0; i < kLoads; i++) {
        shuffles[i] = L::Load(columns.shuffles + (group * kLoads + i) * kLoad, kLoads * kLoad);
      }
      weights = L::Load(columns.weights + group * kLoad, kLoad);
    }
  };

  /** The bytes of a group of each stream, in the lower half of the stream. */
  template <bool kBlend, size_t kLoads>
  static V ScaleGroups(const uint8_t* above, const uint8_t* below, V factor, const uint16_t* offsets,
                       const Groups<kLoads>& groups) {
    const V upper = Taps<kLoads>(above, offsets, groups.shuffles, groups.weights);
    V sum = L::Sub16(L::Set16(kWeightOne / 2), upper);
    if (kBlend) {
      const V lower = Taps<kLoads>(below, offsets, groups.shuffles, groups.weights);
      sum = L::Add16(sum, L::High16(L::Sub16(lower, upper), factor));
    }
    sum = L::template Right16<kWeightBits>(sum);
    return L::Pack16(sum, sum);
  }

  template <size_t kLoads, bool kBlend>
  static void Scale(const uint8_t* above, const uint8_t* below, int weight, const Columns& of_plane,
                    uint8_t* out) {
    const Columns columns = of_plane;  // a copy, which `out` cannot alias
    // The upper half of a product of 16 bits is floor(x * factor / 2^16); -64 * 2^9 still is a factor.
    const V factor = L::Set16(-(weight << (16 - kWeightBits)));
    size_t group = 0;
    if constexpr (kLoads < 4) {
      if (columns.repeating > 0) {
        group = columns.repeating;
        ScalePeriods<kLoads, kBlend>(above, below, factor, columns, out);
      }
    }
    const size_t last = columns.width * columns.channels - kGroup;
    for (; group < columns.groups; group += L::kStreams) {
      const V bytes = ScaleGroups<kBlend>(above, below, factor, columns.offsets + group * kLoads,
                                          Groups<kLoads>(columns, group));
      const size_t start = Min(group * kGroup, last);
      const size_t next = Min((group + 1) * kGroup, last);
      L::StoreHalf(out + start, next - start, bytes);
    }
  }

  /** The periods that repeat, with the tables of the first. */
  template <size_t kLoads, bool kBlend>
  static void ScalePeriods(const uint8_t* above, const uint8_t* below, V factor, const Columns& columns,
                           uint8_t* out) {
    static_assert(kPeriod % 2 == 0, "two streams take a period in whole steps");
    constexpr size_t kTables = kPeriod / L::kStreams;
    Groups<kLoads> groups[kTables];
    for (size_t i = 0; i < kTables; i++) groups[i] = Groups<kLoads>(columns, i * L::kStreams);
    uint16_t offsets[kPeriod * kLoads];  // a copy, which `out` cannot alias
    std::copy_n(columns.offsets, kPeriod * kLoads, offsets);
    for (size_t group = 0; group < columns.repeating; group += kPeriod) {
#pragma GCC unroll 6
      for (size_t i = 0; i < kTables; i++) {
        const V bytes =
            ScaleGroups<kBlend>(above, below, factor, offsets + i * L::kStreams * kLoads, groups[i]);
        L::StoreHalf(out + i * L::kStreams * kGroup, kGroup, bytes);
      }
      above += columns.advance;
      below += columns.advance;
      out += kPeriod * kGroup;
    }
  }

  // --- RGB to YUV

  /** A channel of each of four pixels (12 bytes) as 32 bits, or two of them as 16 bits each. */
  struct Quad {
    V first_two;
    V third;
  };

  struct YuvWeights {
    V first_two;
    V third;
    V half;
  };

  /**
   * Weights of the channels in memory order. `half` is the rounding term plus an offset added to the result.
   */
  static YuvWeights WeightsOf(int red, int green, int blue, bool red_first, int half) {
    const int first = red_first ? red : blue;
    const int third = red_first ? blue : red;
    return {L::Set32((first & 0xffff) | green * 0x10000), L::Set32(third & 0xffff), L::Set32(half)};
  }

  static V Dot(const Quad& quad, const YuvWeights& weights) {
    return L::Add32(L::Add32(L::MultiplyPairs(quad.first_two, weights.first_two), weights.half),
                    L::MultiplyPairs(quad.third, weights.third));
  }

  /** Shuffle indices that make a Quad from four pixels of `kBytes`. */
  template <int kBytes>
  struct QuadLanes {
    alignas(16) int8_t first_two[16];
    alignas(16) int8_t third[16];

    constexpr QuadLanes() : first_two(), third() {
      for (int i = 0; i < 16; i++) {
        const int pixel = kBytes * (i / 4);
        first_two[i] = static_cast<int8_t>(i % 2 == 0 ? pixel + i % 4 / 2 : -1);
        third[i] = static_cast<int8_t>(i % 4 == 0 ? pixel + 2 : -1);
      }
    }
  };

  /** The four quads of 16 pixels of `kBytes`. */
  template <int kBytes>
  static void LoadQuads(const uint8_t* pixels, Quad (&quads)[4]) {
    static constexpr QuadLanes<kBytes> kLanes;
    constexpr size_t kDistance = kBytes * kBlock;
    const V first_two = L::Repeat(kLanes.first_two);
    const V third = L::Repeat(kLanes.third);
    for (size_t i = 0; i < 4; i++) {
      // The last load ends with the block.
      const V bytes = kBytes == 3 && i == 3 ? L::template ShiftBytes<4>(L::Load(pixels + 32, kDistance))
                                            : L::Load(pixels + size_t{4} * kBytes * i, kDistance);
      quads[i] = {L::Shuffle(bytes, first_two), L::Shuffle(bytes, third)};
    }
  }

  static V Luma(const Quad (&quads)[4], const YuvWeights& weights) {
    V luma[4];
    for (int i = 0; i < 4; i++) luma[i] = L::template Right32<kToYuvBits>(Dot(quads[i], weights));
    return L::Pack16(L::Pack32(luma[0], luma[1]), L::Pack32(luma[2], luma[3]));
  }

  static Quad Sum(const Quad& a, const Quad& b) {
    return {L::Add16(a.first_two, b.first_two), L::Add16(a.third, b.third)};
  }

  /** Sums of neighbors: of eight pixels, four. */
  static Quad SumPairs(const Quad& a, const Quad& b) {
    return Sum({L::Evens32(a.first_two, b.first_two), L::Evens32(a.third, b.third)},
               {L::Odds32(a.first_two, b.first_two), L::Odds32(a.third, b.third)});
  }

  /** Four U, V pairs of 16 bits each; pure blue and pure red give 256. */
  static V Chroma(const Quad& sums, const YuvWeights& u, const YuvWeights& v) {
    constexpr int kBits = kToYuvBits + 2;
    return L::Or(L::template Right32<kBits>(Dot(sums, u)),
                 L::template Left32<16>(L::template Right32<kBits>(Dot(sums, v))));
  }

  template <int kBytes>
  static void YuvOfRows(const uint8_t* upper, const uint8_t* lower, int red, size_t width,
                        const ToYuv& matrix, uint8_t* upper_luma, uint8_t* lower_luma, uint8_t* chroma) {
    const ToYuv& m = matrix;
    const bool red_first = red == 0;
    constexpr int kHalf = 1 << (kToYuvBits - 1);
    const YuvWeights y = WeightsOf(m.yr, m.yg, m.yb, red_first, (m.black << kToYuvBits) + kHalf);
    constexpr int kChromaHalf = 4 * ((128 << kToYuvBits) + kHalf);
    const YuvWeights u = WeightsOf(m.ur, m.ug, m.ub, red_first, kChromaHalf);
    const YuvWeights v = WeightsOf(m.vr, m.vg, m.vb, red_first, kChromaHalf);
    for (size_t block = 0; block < width; block += kStep) {
      const size_t x = Min(block, width - kStep);
      Quad above[4];
      Quad below[4];
      LoadQuads<kBytes>(upper + kBytes * x, above);
      LoadQuads<kBytes>(lower + kBytes * x, below);
      L::Store(upper_luma + x, kBlock, Luma(above, y));
      L::Store(lower_luma + x, kBlock, Luma(below, y));
      const Quad left = SumPairs(Sum(above[0], below[0]), Sum(above[1], below[1]));
      const Quad right = SumPairs(Sum(above[2], below[2]), Sum(above[3], below[3]));
      L::Store(chroma + x, kBlock, L::Pack16(Chroma(left, u, v), Chroma(right, u, v)));
    }
  }

  // --- YUV 4:2:2 to 4:2:0

  /** The even or the odd bytes of two vectors. */
  template <bool kEven>
  static V Half8(V a, V b) {
    if (kEven) return L::Pack16(L::And(a, L::Set16(255)), L::And(b, L::Set16(255)));
    return L::Pack16(L::template RightUnsigned16<8>(a), L::template RightUnsigned16<8>(b));
  }

  template <bool kLumaFirst>
  static void Split422(const uint8_t* upper, const uint8_t* lower, size_t width, uint8_t* upper_luma,
                       uint8_t* lower_luma, uint8_t* chroma) {
    for (size_t block = 0; block < width; block += kStep) {
      const size_t x = Min(block, width - kStep);
      const V above[2] = {L::Load(upper + 2 * x, 2 * kBlock), L::Load(upper + 2 * x + kBlock, 2 * kBlock)};
      const V below[2] = {L::Load(lower + 2 * x, 2 * kBlock), L::Load(lower + 2 * x + kBlock, 2 * kBlock)};
      L::Store(upper_luma + x, kBlock, Half8<kLumaFirst>(above[0], above[1]));
      L::Store(lower_luma + x, kBlock, Half8<kLumaFirst>(below[0], below[1]));
      L::Store(chroma + x, kBlock,
               L::Average8(Half8<!kLumaFirst>(above[0], above[1]), Half8<!kLumaFirst>(below[0], below[1])));
    }
  }

  // --- YUV to RGB, in 16 bits: a product of 2^13ths is its whole part and its 13 bits of fraction.

  struct Fixed {
    V whole;
    V fraction;
  };

  static Fixed Product(V value, int factor) {
    const V f = L::Set16(factor);
    return {L::High16(L::template Left16<16 - kToRgbBits>(value), f),
            L::And(L::Low16(value, f), L::Set16((1 << kToRgbBits) - 1))};
  }

  static Fixed Add(const Fixed& a, const Fixed& b) {
    return {L::Add16(a.whole, b.whole), L::Add16(a.fraction, b.fraction)};
  }

  /** Carries the fraction: of up to three products and a half, less than four units. */
  static V Floor(const Fixed& a) {
    return L::Add16(a.whole, L::template RightUnsigned16<kToRgbBits>(a.fraction));
  }

  /** The contribution of chroma to R, G, B for eight pairs, including the half unit for rounding. */
  struct ChromaPart {
    Fixed red;
    Fixed green;
    Fixed blue;
  };

  static ChromaPart ChromaOf(V pairs, const ToRgb& m) {
    const V u = L::Sub16(L::And(pairs, L::Set16(255)), L::Set16(128));
    const V v = L::Sub16(L::template RightUnsigned16<8>(pairs), L::Set16(128));
    const Fixed half = {L::Zero(), L::Set16(1 << (kToRgbBits - 1))};
    ChromaPart part = {Add(Product(v, m.rv), half), Add(Add(Product(u, m.gu), Product(v, m.gv)), half),
                       Add(Product(u, m.bu), half)};
    return part;
  }

  /** 16 bytes of one color from its luma and chroma parts. */
  struct LumaPart {
    Fixed low;
    Fixed high;
  };

  template <bool kWholeLuma>
  static V Color(const LumaPart& luma, const Fixed& chroma) {
    if (kWholeLuma) {  // luma has no fraction, so that of chroma is carried once for both pixels
      const V whole = Floor(chroma);
      return L::Pack16(L::Add16(luma.low.whole, L::Low16s(whole, whole)),
                       L::Add16(luma.high.whole, L::High16s(whole, whole)));
    }
    const Fixed low = {L::Low16s(chroma.whole, chroma.whole), L::Low16s(chroma.fraction, chroma.fraction)};
    const Fixed high = {L::High16s(chroma.whole, chroma.whole), L::High16s(chroma.fraction, chroma.fraction)};
    return L::Pack16(Floor(Add(luma.low, low)), Floor(Add(luma.high, high)));
  }

  /** Calls `write(x, red, green, blue)` with 16 bytes of each for every block. */
  template <bool kWholeLuma, typename Write>
  static void ForEachBlock(const uint8_t* luma, const uint8_t* chroma, size_t width, const ToRgb& matrix,
                           Write write) {
    const ToRgb m = matrix;
    for (size_t block = 0; block < width; block += kStep) {
      const size_t x = Min(block, width - kStep);
      const V bytes = L::Load(luma + x, kBlock);
      LumaPart part = {{L::Low8s(bytes, L::Zero()), L::Zero()}, {L::High8s(bytes, L::Zero()), L::Zero()}};
      if (!kWholeLuma) {
        const V black = L::Set16(m.black);
        part = {Product(L::Sub16(part.low.whole, black), m.yy),
                Product(L::Sub16(part.high.whole, black), m.yy)};
      }
      const ChromaPart colors = ChromaOf(L::Load(chroma + x, kBlock), m);
      write(x, Color<kWholeLuma>(part, colors.red), Color<kWholeLuma>(part, colors.green),
            Color<kWholeLuma>(part, colors.blue));
    }
  }

  template <typename Write>
  static void ForEachBlock(const uint8_t* luma, const uint8_t* chroma, size_t width, const ToRgb& matrix,
                           Write write) {
    if (matrix.black == 0 && matrix.yy == 1 << kToRgbBits) {
      ForEachBlock<true>(luma, chroma, width, matrix, write);
    } else {
      ForEachBlock<false>(luma, chroma, width, matrix, write);
    }
  }

  /** Shuffle indices for 48 bytes of R, G, B: those of `channel` for vector `part` of three. */
  struct Interleaving {
    alignas(16) int8_t lanes[3][3][16];

    constexpr Interleaving() : lanes() {
      for (int at = 0; at < 48; at++) {
        for (int channel = 0; channel < 3; channel++) {
          lanes[at / 16][channel][at % 16] = static_cast<int8_t>(at % 3 == channel ? at / 3 : -1);
        }
      }
    }
  };

  static void StoreRgb(uint8_t* out, V red, V green, V blue) {
    static constexpr Interleaving kInterleaving;
    for (size_t part = 0; part < 3; part++) {
      const auto& lanes = kInterleaving.lanes[part];
      const V bytes =
          L::Or(L::Or(L::Shuffle(red, L::Repeat(lanes[0])), L::Shuffle(green, L::Repeat(lanes[1]))),
                L::Shuffle(blue, L::Repeat(lanes[2])));
      L::Store(out + 16 * part, kRgbBlock, bytes);
    }
  }

 public:
  static void ScaleRow(const uint8_t* above, const uint8_t* below, int weight, const Columns& columns,
                       uint8_t* out) {
    if (columns.loads == 0) return kNarrower.scale_row(above, below, weight, columns, out);
    if (2 * weight > kWeightOne) {  // swap the rows: the same sum with a smaller weight
      const uint8_t* const nearer = below;
      below = above;
      above = nearer;
      weight = kWeightOne - weight;
    }
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

  static void YuvOfRgbRows(const uint8_t* upper, const uint8_t* lower, int red, size_t width,
                           const ToYuv& matrix, uint8_t* upper_luma, uint8_t* lower_luma, uint8_t* chroma) {
    if (width < kStep) {
      return kNarrower.yuv_of_rgb_rows(upper, lower, red, width, matrix, upper_luma, lower_luma, chroma);
    }
    YuvOfRows<3>(upper, lower, red, width, matrix, upper_luma, lower_luma, chroma);
  }

  static void YuvOfRgbaRows(const uint8_t* upper, const uint8_t* lower, int red, size_t width,
                            const ToYuv& matrix, uint8_t* upper_luma, uint8_t* lower_luma, uint8_t* chroma) {
    if (width < kStep) {
      return kNarrower.yuv_of_rgba_rows(upper, lower, red, width, matrix, upper_luma, lower_luma, chroma);
    }
    YuvOfRows<4>(upper, lower, red, width, matrix, upper_luma, lower_luma, chroma);
  }

  static void YuvOf422Rows(const uint8_t* upper, const uint8_t* lower, size_t luma_at, size_t width,
                           uint8_t* upper_luma, uint8_t* lower_luma, uint8_t* chroma) {
    if (width < kStep) {
      return kNarrower.yuv_of_422_rows(upper, lower, luma_at, width, upper_luma, lower_luma, chroma);
    }
    if (luma_at == 0) {
      Split422<true>(upper, lower, width, upper_luma, lower_luma, chroma);
    } else {
      Split422<false>(upper, lower, width, upper_luma, lower_luma, chroma);
    }
  }

  /** Without the overlapping last block of the other kernels: in place, it would swap twice. */
  static void SwapPairsRow(const uint8_t* in, size_t width, uint8_t* out) {
    const size_t whole = width - width % kStep;
    for (size_t x = 0; x < whole; x += kStep) {
      const V bytes = L::Load(in + x, kBlock);
      L::Store(out + x, kBlock, L::Or(L::template Left16<8>(bytes), L::template RightUnsigned16<8>(bytes)));
    }
    if (whole < width) kNarrower.swap_pairs_row(in + whole, width - whole, out + whole);
  }

  static void LumaOfGrayRow(const uint8_t* gray, size_t width, const ToYuv& matrix, uint8_t* luma) {
    const int gain = matrix.yr + matrix.yg + matrix.yb;
    if (width < kStep || gain > INT16_MAX) return kNarrower.luma_of_gray_row(gray, width, matrix, luma);
    const V factor = L::Set16(gain);
    const V black = L::Set16(matrix.black);
    const auto convert = [factor, black](V v) { return L::Add16(L::Round15(v, factor), black); };
    for (size_t block = 0; block < width; block += kStep) {
      const size_t x = Min(block, width - kStep);
      const V bytes = L::Load(gray + x, kBlock);
      L::Store(luma + x, kBlock,
               L::Pack16(convert(L::Low8s(bytes, L::Zero())), convert(L::High8s(bytes, L::Zero()))));
    }
  }

  static void PlanarFloatRow(const uint8_t* luma, const uint8_t* chroma, size_t width, const ToRgb& matrix,
                             float* red, float* green, float* blue) {
    if (width < kStep) return kNarrower.planar_float_row(luma, chroma, width, matrix, red, green, blue);
    ForEachBlock(luma, chroma, width, matrix, [=](size_t x, V r, V g, V b) {
      L::StoreFloats(red + x, r, kFloatUnit);
      L::StoreFloats(green + x, g, kFloatUnit);
      L::StoreFloats(blue + x, b, kFloatUnit);
    });
  }

  static void RgbRow(const uint8_t* luma, const uint8_t* chroma, size_t width, const ToRgb& matrix,
                     uint8_t* rgb) {
    if (width < kStep) return kNarrower.rgb_row(luma, chroma, width, matrix, rgb);
    ForEachBlock(luma, chroma, width, matrix,
                 [=](size_t x, V r, V g, V b) { StoreRgb(rgb + 3 * x, r, g, b); });
  }

  static constexpr Kernels Table(const char* name) {
    return {name,         ScaleRow,      YuvOfRgbRows,   YuvOfRgbaRows, YuvOf422Rows,
            SwapPairsRow, LumaOfGrayRow, PlanarFloatRow, RgbRow};
  }
};

}  // namespace
}  // namespace nv12
