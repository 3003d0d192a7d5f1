#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

/**
 * The row kernel of the bilinear scaler, and the tables it works from.
 *
 * Weights have 7 bits, and only the final sum is rounded:
 *
 *     out = (sum of source * weightX * weightY + 2^13) >> 14        (half up)
 *
 * The portable kernel says it in those words. The others take columns first, which is exact in 16 bits
 * (H = a * (128 - weightX) + b * weightX <= 255 * 128), and then rows, in 16 bits too:
 *
 *     out = (H0 + floor((H1 - H0) * weightY / 128) + 2^6) >> 7
 *
 * which is the same number: the sum above is 128 * (H0 + 2^6) + (H1 - H0) * weightY, and what the floor drops
 * is less than one unit of 128, so that it never reaches the bits that the shift by 7 keeps.
 */
namespace nv12 {

/** Bits of a weight, and its one. */
constexpr int kWeightBits = 7;
constexpr int kWeightOne = 1 << kWeightBits;

/** Interpolates between source[index] and source[index + 1]; weight is that of the latter, 0 to 127. */
struct Tap {
  uint16_t index;
  uint16_t weight;
};

/**
 * The tap of target pixel `i` when `source` pixels are scaled to `target` ones with aligned centers: position
 * (i + 0.5) * source / target - 0.5, rounded to 1/128 (half up) and clamped to the picture. On the last
 * source pixel the weight is 0; index + 1 is then outside and must not be read.
 */
Tap TapOf(int i, int source, int target);

/** Target bytes in a group, and source bytes in one of its loads. */
constexpr size_t kGroup = 8;
constexpr size_t kLoad = 16;
/**
 * Groups in a period: after so many target bytes, most scale factors in use repeat (those of 2:1, 4:3, 3:2
 * and 5:2, for example), so that kernels can keep the tables of one period in registers.
 */
constexpr size_t kPeriod = 6;

/**
 * The columns of a row kernel: views of a ColumnTable.
 *
 * Vector kernels compute `kGroup` target bytes at a time, starting at 8 * group (the last groups end with the
 * row). They load 16 source bytes at each of `loads` offsets, shuffle them (a lane of 0x80 gives 0), and
 * combine the results to the group's sixteen taps, in the order of the weights. No load reads beyond the row.
 */
struct Columns {
  /** Bytes of a pixel: 1 (luma) or 2 (chroma pairs). */
  size_t channels;
  /** One for each target pixel. */
  const Tap* taps;
  size_t width;

  /**
   * 1, 2 or 4; 0 when vectors do not apply: tiny pictures, and scale factors for which 16 source bytes yield
   * too little.
   */
  int loads;
  /** Even, so that two groups can be processed together; the last may be duplicated. */
  size_t groups;
  const uint16_t* offsets;  // [groups][loads]
  const uint8_t* shuffles;  // [groups][loads][16]
  const uint8_t* weights;   // [groups][16]

  /** Groups of the whole periods, from the row's beginning, that repeat the first; 0: there are not two, and
   * perhaps not one. */
  size_t repeating;
  /** Source bytes from a period to the next. */
  size_t advance;
};

/** Owns the tables of the columns of one size. */
class ColumnTable {
 public:
  /** Computes them: `source` pixels of `channels` bytes become `target` ones. */
  void Fill(int source, int target, int channels);
  bool IsFor(int source, int target, int channels) const {
    return source == source_ && target == target_ && channels == channels_;
  }
  const Columns& columns() const { return columns_; }

 private:
  bool FillGroups(int loads);
  size_t CountRepeating() const;

  int source_ = 0;
  int target_ = 0;
  int channels_ = 0;
  std::vector<Tap> taps_;
  std::vector<uint16_t> offsets_;
  std::vector<uint8_t> shuffles_;
  std::vector<uint8_t> weights_;
  Columns columns_{};
};

/**
 * Tables of the sizes used last, so that a thread that scales by turns, for the network, for pages, or for
 * cameras of two sizes, computes and allocates nothing. What that saves: scale_two_rows of
 * native/bench/nv12_bench.cc.
 */
class ColumnTables {
 public:
  /** `source` pixels of `channels` bytes become `target` ones. Valid until the next call. */
  const Columns& For(int source, int target, int channels);

 private:
  /** Two planes of four sizes. */
  static constexpr size_t kKept = 8;

  /** The first was used last. */
  std::vector<std::unique_ptr<ColumnTable>> kept_;
};

namespace portable {

/**
 * Computes one target row from two source rows. `weight` is that of `below`, 0 to 127; if it is 0, only
 * `above` is read.
 */
void ScaleRow(const uint8_t* above, const uint8_t* below, int weight, const Columns& columns, uint8_t* out);

}  // namespace portable
}  // namespace nv12
