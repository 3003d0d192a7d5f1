#pragma once

#include <cstddef>
#include <cstdint>
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
 * The tap of target pixel `i` when `source` pixels are scaled to `target` ones, center on center: position
 * (i + 0.5) * source / target - 0.5, to the nearest 1/128 (half up), kept within the picture.
 * On the last source pixel the weight is 0, and index + 1 is outside and must not be read.
 */
Tap TapOf(int i, int source, int target);

/** Target bytes in a group, and source bytes in one of its loads. */
constexpr size_t kGroup = 8;
constexpr size_t kLoad = 16;

/**
 * What a row kernel needs to know of the columns: plain views on a ColumnTable.
 *
 * Vectors make the `kGroup` target bytes from 8 * group on (of the last groups: the last 8 bytes) at a time:
 * `loads` times they take 16 source bytes from the offset on, shuffle each of them (a lane of 0x80 gives 0)
 * and join the results to the sixteen taps of the group, in the order of the weights. No load leaves the row.
 */
struct Columns {
  /** Bytes of a pixel: 1 (luma) or 2 (chroma pairs). */
  size_t channels;
  /** One for each target pixel. */
  const Tap* taps;
  size_t width;

  /** 1, 2 or 4; 0 where vectors do not fit: tiny pictures, and where 16 bytes of source make too little. */
  int loads;
  /** Even, so that two groups can be taken at once: the last may be there twice. */
  size_t groups;
  const uint16_t* offsets;  // [groups][loads]
  const uint8_t* shuffles;  // [groups][loads][16]
  const uint8_t* weights;   // [groups][16]
};

/** Owner of the tables of a plane's columns. Made for a size once; then nothing is computed or allocated. */
class ColumnTable {
 public:
  /** `source` pixels of `channels` bytes become `target` ones. */
  const Columns& For(int source, int target, int channels);

 private:
  bool FillGroups(int loads);

  int source_ = 0;
  int target_ = 0;
  int channels_ = 0;
  std::vector<Tap> taps_;
  std::vector<uint16_t> offsets_;
  std::vector<uint8_t> shuffles_;
  std::vector<uint8_t> weights_;
  Columns columns_{};
};

namespace portable {

/** One target row from two source rows; `weight` is that of `below`, 0 to 127. With 0 only `above` is read.
 */
void ScaleRow(const uint8_t* above, const uint8_t* below, int weight, const Columns& columns, uint8_t* out);

}  // namespace portable
}  // namespace nv12
