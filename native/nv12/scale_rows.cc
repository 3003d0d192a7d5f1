#include "nv12/scale_rows.h"

#include <algorithm>

namespace nv12 {
namespace {

/**
 * Order of a group's taps and sign of their weights, as the machine's multiplier needs them. x86 multiplies
 * unsigned by signed bytes and adds neighbors, so left and right taps alternate. Its weights are negative,
 * because -128 fits in a signed byte and 128 does not. NEON: eight left taps, then eight right taps.
 */
#if defined(NV12_KERNELS_NEON)
constexpr size_t LaneOf(size_t byte, bool right) { return byte + (right ? kGroup : 0); }
constexpr uint8_t WeightByte(int weight) { return static_cast<uint8_t>(weight); }
#else
constexpr size_t LaneOf(size_t byte, bool right) { return 2 * byte + (right ? 1 : 0); }
constexpr uint8_t WeightByte(int weight) { return static_cast<uint8_t>(-weight); }
#endif

constexpr uint8_t kZeroLane = 0x80;

}  // namespace

Tap TapOf(int i, int source, int target) {
  // floor(128 * ((i + 1/2) * source / target - 1/2) + 1/2) over the common denominator 2 * target.
  const int64_t numerator = int64_t{kWeightOne} * ((2 * int64_t{i} + 1) * source - target) + target;
  const int64_t position = numerator < 0 ? 0 : numerator / (2 * int64_t{target});
  const int64_t last = int64_t{kWeightOne} * (source - 1);
  const int64_t inside = std::min(position, last);
  return {static_cast<uint16_t>(inside >> kWeightBits), static_cast<uint16_t>(inside & (kWeightOne - 1))};
}

const Columns& ColumnTables::For(int source, int target, int channels) {
  auto found = std::find_if(kept_.begin(), kept_.end(),
                            [&](const auto& table) { return table->IsFor(source, target, channels); });
  if (found == kept_.end()) {
    if (kept_.size() < kKept) kept_.push_back(std::make_unique<ColumnTable>());
    found = kept_.end() - 1;
    (*found)->Fill(source, target, channels);
  }
  std::rotate(kept_.begin(), found, found + 1);
  return kept_.front()->columns();
}

void ColumnTable::Fill(int source, int target, int channels) {
  source_ = source;
  // None yet, in case memory runs out.
  target_ = 0;
  channels_ = channels;
  const auto width = static_cast<size_t>(target);
  taps_.resize(width);
  for (size_t x = 0; x < width; x++) taps_[x] = TapOf(static_cast<int>(x), source, target);
  columns_ = {static_cast<size_t>(channels), taps_.data(), width, 0, 0, nullptr, nullptr, nullptr, 0, 0};
  for (const int loads : {1, 2, 4}) {
    if (FillGroups(loads)) break;
  }
  target_ = target;
}

/** Fills the tables of groups. False when a load would have to be longer, or the row is too short. */
bool ColumnTable::FillGroups(int loads) {
  const auto channels = static_cast<size_t>(channels_);
  const size_t source_bytes = static_cast<size_t>(source_) * channels;
  const size_t target_bytes = taps_.size() * channels;
  if (source_bytes < kLoad || target_bytes < kGroup) return false;
  const size_t groups = ((target_bytes + kGroup - 1) / kGroup + 1) & ~size_t{1};
  const size_t per_load = kGroup / static_cast<size_t>(loads);

  offsets_.resize(groups * static_cast<size_t>(loads));
  shuffles_.assign(offsets_.size() * kLoad, kZeroLane);
  weights_.resize(groups * kLoad);
  for (size_t at = 0; at < groups * kGroup; at += per_load) {
    const size_t group = at / kGroup;
    const size_t in_group = at % kGroup;
    const size_t start = std::min(group * kGroup, target_bytes - kGroup) + in_group;
    const auto left = [&](size_t byte) { return taps_[byte / channels].index * channels + byte % channels; };
    const auto right = [&](size_t byte) {
      return left(byte) + (taps_[byte / channels].weight == 0 ? 0 : channels);
    };
    // Taps are monotonic, so those of the first and the last byte are the outermost, within pairs, too.
    const size_t offset = std::min(taps_[start / channels].index * channels, source_bytes - kLoad);
    if (right(start + per_load - 1) >= offset + kLoad) return false;
    offsets_[at / per_load] = static_cast<uint16_t>(offset);
    for (size_t i = 0; i < per_load; i++) {
      const size_t byte = start + i;
      const int weight = taps_[byte / channels].weight;
      uint8_t* shuffle = &shuffles_[at / per_load * kLoad];
      uint8_t* weights = &weights_[group * kLoad];
      shuffle[LaneOf(in_group + i, false)] = static_cast<uint8_t>(left(byte) - offset);
      shuffle[LaneOf(in_group + i, true)] = static_cast<uint8_t>(right(byte) - offset);
      weights[LaneOf(in_group + i, false)] = WeightByte(kWeightOne - weight);
      weights[LaneOf(in_group + i, true)] = WeightByte(weight);
    }
  }
  columns_.loads = loads;
  columns_.groups = groups;
  columns_.offsets = offsets_.data();
  columns_.shuffles = shuffles_.data();
  columns_.weights = weights_.data();
  columns_.repeating = CountRepeating();
  if (columns_.repeating > 0)
    columns_.advance = static_cast<size_t>(offsets_[kPeriod * static_cast<size_t>(loads)] - offsets_[0]);
  return true;
}

size_t ColumnTable::CountRepeating() const {
  const auto loads = static_cast<size_t>(columns_.loads);
  // Those behind are moved to the row's end.
  const size_t groups = columns_.width * columns_.channels / kGroup;
  if (groups < 2 * kPeriod) return 0;
  const int advance = offsets_[kPeriod * loads] - offsets_[0];
  const auto repeats = [&](size_t group) {
    const size_t last = group - kPeriod;
    for (size_t i = 0; i < loads; i++)
      if (offsets_[group * loads + i] - offsets_[last * loads + i] != advance) return false;
    const auto same = [group, last](const std::vector<uint8_t>& table, size_t bytes) {
      const auto begin = table.begin() + static_cast<ptrdiff_t>(group * bytes);
      const auto before = table.begin() + static_cast<ptrdiff_t>(last * bytes);
      return std::equal(begin, begin + static_cast<ptrdiff_t>(bytes), before);
    };
    return same(shuffles_, loads * kLoad) && same(weights_, kLoad);
  };
  size_t group = kPeriod;
  while (group < groups && repeats(group)) group++;
  const size_t whole = group / kPeriod * kPeriod;
  return whole < 2 * kPeriod ? 0 : whole;
}

namespace portable {
namespace {

template <size_t kChannels>
void Scale(const uint8_t* __restrict above, const uint8_t* __restrict below, uint32_t weight,
           const Columns& columns, uint8_t* __restrict out) {
  constexpr uint32_t kHalf = 1u << (2 * kWeightBits - 1);
  const uint32_t of_above = kWeightOne - weight;
  for (size_t x = 0; x < columns.width; x++) {
    const Tap tap = columns.taps[x];
    const uint32_t of_right = tap.weight;
    const uint32_t of_left = kWeightOne - of_right;
    const size_t left = tap.index * kChannels;
    const size_t right = left + (of_right == 0 ? 0 : kChannels);
    for (size_t c = 0; c < kChannels; c++) {
      const uint32_t upper = above[left + c] * of_left + above[right + c] * of_right;
      const uint32_t lower = below[left + c] * of_left + below[right + c] * of_right;
      const uint32_t sum = upper * of_above + lower * weight;
      out[x * kChannels + c] = static_cast<uint8_t>((sum + kHalf) >> (2 * kWeightBits));
    }
  }
}

}  // namespace

void ScaleRow(const uint8_t* above, const uint8_t* below, int weight, const Columns& columns, uint8_t* out) {
  const auto of_below = static_cast<uint32_t>(weight);
  if (weight == 0) below = above;
  if (columns.channels == 1) {
    Scale<1>(above, below, of_below, columns, out);
  } else {
    Scale<2>(above, below, of_below, columns, out);
  }
}

}  // namespace portable
}  // namespace nv12
