#include <algorithm>
#include <limits>
#include <type_traits>
#include <vector>

#include "decode/of_thread.h"
#include "decode/once.h"
#include "depth/block_bounds.h"
#include "depth/projector.h"

namespace depth {
namespace {

using decode::OfThread;
using decode::Once;

/** Least and most of a block's depths, by their bits. */
template <typename Bits>
struct Range {
  Bits least;
  Bits most;
  /** Whether pixels have none, and are not written as the target has it. */
  bool odd;
};

/**
 * Takes each pixel for a depth but 0 of 16 bits, which may stay as it is: it says in the target, too, that
 * there is none. Less 1, it becomes the greatest number. If all are 0, the least is 0.
 */
template <typename Bits, int kColumns = kBlockWidth>
Range<Bits> RangeOfAll(const Bits* data, size_t width, int rows) {
  using Vector = std::conditional_t<sizeof(Bits) == 2, U8, U4>;
  constexpr int kLanes = 16 / sizeof(Bits);
  constexpr Bits kLess = sizeof(Bits) == 2 ? 1 : 0;
  Vector least[kColumns / kLanes];
  Vector most[kColumns / kLanes];
  for (int i = 0; i < kColumns / kLanes; i++) {
    most[i] = LoadOnce<Vector>(data + i * kLanes);
    least[i] = most[i] - kLess;
  }
  for (int row = 1; row < rows; row++) {
    data += width;
    for (int i = 0; i < kColumns / kLanes; i++) {
      const auto v = LoadOnce<Vector>(data + i * kLanes);
      least[i] = v - kLess < least[i] ? v - kLess : least[i];
      most[i] = v > most[i] ? v : most[i];
    }
  }
  for (int i = 1; i < kColumns / kLanes; i++) {
    least[0] = least[i] < least[0] ? least[i] : least[0];
    most[0] = most[i] > most[0] ? most[i] : most[0];
  }
  return {static_cast<Bits>(LeastOf(least[0]) + kLess), MostOf(most[0]), false};
}

/** Of a block of full width, only of depths; least > most: there are none. */
template <typename Value, typename Bits>
Range<Bits> RangeOfKnown(const Bits* data, size_t width, int rows) {
  using Vector = std::conditional_t<sizeof(Bits) == 2, U8, U4>;
  constexpr int kLanes = 16 / sizeof(Bits);
  Vector least = ~Vector{};
  Vector most{};
  Vector odd{};
  for (int row = 0; row < rows; row++, data += width) {
    for (int i = 0; i < kBlockWidth; i += kLanes) {
      const auto v = LoadOnce<Vector>(data + i);
      const auto known = reinterpret_cast<Vector>((v - 1) < Depths<Value>::kMostBits);
      least = (v | ~known) < least ? v | ~known : least;
      most = (v & known) > most ? v & known : most;
      odd |= ~known & (v ^ Depths<Value>::kInvalid);
    }
  }
  return {LeastOf(least), MostOf(most), MostOf(odd) != 0};
}

/** The same of any block. */
template <typename Value, typename Bits>
Range<Bits> RangeOfDepths(const Bits* data, size_t width, int columns, int rows) {
  constexpr Bits kNone = std::numeric_limits<Bits>::max();
  Range<Bits> range{kNone, 0, false};
  for (int row = 0; row < rows; row++, data += width) {
    Bits others = 0;
    for (int column = 0; column < columns; column++) {
      const Bits bits = Once(data + column);
      const bool known = bits != 0 && bits <= Depths<Value>::kMostBits;
      range.least = std::min(range.least, known ? bits : kNone);
      range.most = std::max(range.most, known ? bits : Bits{0});
      others |= known || bits == Depths<Value>::kInvalid ? Bits{0} : Bits{1};
    }
    range.odd = range.odd || others != 0;
  }
  return range;
}

/** Whether pixels of a block of full width have no depth. */
template <typename Value, typename Bits>
bool HasGaps(const Bits* data, size_t width, int rows) {
  using Vector = std::conditional_t<sizeof(Bits) == 2, U8, U4>;
  constexpr int kLanes = 16 / sizeof(Bits);
  Vector gaps{};
  for (int row = 0; row < rows; row++, data += width) {
    for (int i = 0; i < kBlockWidth; i += kLanes) {
      gaps |= reinterpret_cast<Vector>((LoadOnce<Vector>(data + i) - 1) >= Depths<Value>::kMostBits);
    }
  }
  return MostOf(gaps) != 0;
}

template <typename Value, typename Bits>
Range<Bits> RangeOf(const Bits* data, size_t width, int columns, int rows) {
  if (columns == kBlockWidth) {
    const auto range = RangeOfAll(data, width, rows);
    if (range.least > 0 && range.most <= Depths<Value>::kMostBits) return range;
    return RangeOfKnown<Value>(data, width, rows);
  }
  return RangeOfDepths<Value>(data, width, columns, rows);
}

/** Pixels whose place must be looked up one by one. */
template <typename Value, typename Bits>
class Cutter {
 public:
  Cutter(const Bits* data, const Picture& picture, const Projection& numbers, Rays rays, Grid<uint8_t> marks,
         uint8_t kept, Bits* target)
      : data_(data),
        target_(target),
        width_(static_cast<size_t>(picture.width)),
        marks_(marks),
        flip_(AllOf(kept != 0 ? 0 : -1)),
        projector_(numbers, rays, picture.width, 1, marks.width, marks.height) {}

  void BeginRow(int row) { projector_.BeginRow(row); }

  /** Whether CutWithin() may be used. */
  bool plain() const { return projector_.plain(); }

  /**
   * The same where all pixels that have a depth are known to lie on the grid: that leaves out most of what
   * they are tested for.
   *
   * @param to from + a multiple of 4
   * @param spare 0 if all pixels have a depth, or one with which those without would lie on the grid, too
   */
  void CutWithin(int row, int from, int to, Bits spare) const {
    const size_t begin = static_cast<size_t>(row) * width_;
    const Bits* data = data_ + begin;
    Bits* target = target_ + begin;
    const Projector::PlainRow pixels(projector_);
    const Grid<uint8_t> marks = marks_;
    const auto flip = static_cast<Four>(Four{} - static_cast<Bits>(flip_[0] & 1));
    const Four spares = Four{} + spare;
    const uint32_t last = static_cast<uint32_t>(marks.width) * static_cast<uint32_t>(marks.height) - 1;
    for (int x = from; x < to; x += 4) {
      const auto bits = LoadOnce<Four>(data + x);
      Four known = ~Four{};
      Four depths = bits;
      if (spare != 0) {
        known = reinterpret_cast<Four>((bits - 1) < Depths<Value>::kMostBits);
        depths = (bits & known) | (spares & ~known);
      }
      const I4 cells = pixels.CellsAt(static_cast<size_t>(x), Floats(depths), marks.width, last);
      const Four found{marks.cells[cells[0]], marks.cells[cells[1]], marks.cells[cells[2]],
                       marks.cells[cells[3]]};
      const Four keep = (reinterpret_cast<Four>(found != 0) ^ flip) & known;
      const Four kept = (bits & keep) | (~keep & Depths<Value>::kInvalid);
      std::memcpy(target + x, &kept, sizeof kept);
    }
  }

  /** Columns [from, to) of a row. */
  void Cut(int row, int from, int to) const {
    if (projector_.plain()) {
      CutBy(Projector::PlainRow(projector_), row, from, to);
    } else {
      CutBy(projector_, row, from, to);
    }
  }

 private:
  using Four = std::conditional_t<sizeof(Bits) == 2, H4, U4>;

  static F4 Floats(Four bits) {
    if constexpr (sizeof(Bits) == 2) {
      return __builtin_convertvector(__builtin_convertvector(bits, I4), F4);
    } else {
      return reinterpret_cast<F4>(bits);
    }
  }

  template <class Row>
  void CutBy(const Row& pixels, int row, int from, int to) const {
    const size_t begin = static_cast<size_t>(row) * width_;
    const Bits* data = data_ + begin;
    Bits* target = target_ + begin;
    // Copies, which the target cannot alias.
    const Grid<uint8_t> marks = marks_;
    const I4 flip = flip_;
    int x = from;
    for (; x + 4 <= to; x += 4) {
      const Four kept = Kept(pixels, marks, flip, x, LoadOnce<Four>(data + x));
      std::memcpy(target + x, &kept, sizeof kept);
    }
    if (x == to) return;
    Bits rest[4] = {};
    const auto count = static_cast<size_t>(to - x);
    for (size_t i = 0; i < count; i++) rest[i] = Once(data + x + i);
    Four bits;
    std::memcpy(&bits, rest, sizeof bits);
    const Four kept = Kept(pixels, marks, flip, x, bits);
    std::memcpy(target + x, &kept, count * sizeof(Bits));
  }

  template <class Row>
  static Four Kept(const Row& pixels, Grid<uint8_t> marks, I4 flip, int x, Four bits) {
    const F4 value = Floats(bits);
    const Seen seen = pixels.At(static_cast<size_t>(x), value);
    const I4 cells = seen.line * AllOf(marks.width) + seen.column;
    const I4 found{marks.cells[cells[0]], marks.cells[cells[1]], marks.cells[cells[2]],
                   marks.cells[cells[3]]};
    const I4 marked = (found != 0) & seen.on;
    const I4 keep = (marked ^ flip) & (value > All(0)) & (value <= All(Depths<Value>::kMost));
    if constexpr (sizeof(Bits) == 2) {
      return bits & reinterpret_cast<Four>(__builtin_convertvector(keep, S4));
    } else {
      const auto mask = reinterpret_cast<U4>(keep);
      return (bits & mask) | (~mask & Depths<Value>::kInvalid);
    }
  }

  const Bits* data_;
  Bits* target_;
  const size_t width_;
  const Grid<uint8_t> marks_;
  const I4 flip_;
  Projector projector_;
};

/** Copies a block, with pixels that have no depth as invalid. */
template <typename Value, typename Bits>
void CopyDepths(const Bits* data, Bits* target, size_t width, int columns, int rows) {
  for (int row = 0; row < rows; row++, data += width, target += width) {
    for (int column = 0; column < columns; column++) {
      const Bits bits = Once(data + column);
      target[column] = bits != 0 && bits <= Depths<Value>::kMostBits ? bits : Depths<Value>::kInvalid;
    }
  }
}

/** Blocks side by side of which the same is known: columns [left, right). */
struct BlockRun {
  int left;
  int right;
  Marks found;
  /** Whether all pixels that have a depth lie on the grid; and Cutter::CutWithin()'s `spare`. */
  bool within;
  uint32_t spare;
};

struct Memory {
  BlockRow blocks;
  MarkTiles tiles;
  std::vector<uint8_t> odd;
  std::vector<BlockRun> runs;
};

template <typename Value>
void CutAs(const Value* values, const Picture& picture, Rays rays, const Projection& numbers,
           Grid<uint8_t> marks, uint8_t kept, Value* target_values) {
  using Bits = typename Depths<Value>::Bits;
  const auto* data = reinterpret_cast<const Bits*>(values);
  auto* target = reinterpret_cast<Bits*>(target_values);
  const auto width = static_cast<size_t>(picture.width);
  const int count = (picture.width - 1) / kBlockWidth + 1;
  auto& [blocks, tiles, odd, runs] = OfThread<Memory>();
  blocks.Begin(numbers, picture.width, rays.data == nullptr);
  odd.resize(static_cast<size_t>(count));
  tiles.Count(marks, static_cast<int>(int64_t{kBlockWidth} * marks.width / picture.width));
  Cutter<Value, Bits> cutter(data, picture, numbers, rays, marks, kept, target);
  const Marks stays = kept != 0 ? Marks::kAll : Marks::kNone;
  for (int top = 0; top < picture.height; top += kBlockHeight) {
    const int rows = std::min(kBlockHeight, picture.height - top);
    const size_t begin = static_cast<size_t>(top) * width;
    for (int b = 0; b < count; b++) {
      const int left = b * kBlockWidth;
      const int columns = std::min(kBlockWidth, picture.width - left);
      const auto range = RangeOf<Value>(data + begin + left, width, columns, rows);
      const auto i = static_cast<size_t>(b);
      const bool none = range.least > range.most;
      blocks.depths.low[i] = none ? 1 : Depths<Value>::ValueOf(range.least);
      blocks.depths.high[i] = none ? 0 : Depths<Value>::ValueOf(range.most);
      odd[i] = range.odd ? 1 : 0;
    }
    FindMarks(numbers, tiles, marks.width, marks.height, top, rows, blocks);
    const size_t pixels = static_cast<size_t>(rows) * width;
    if (kept == 0) {
      std::memcpy(target + begin, data + begin, pixels * sizeof(Bits));
    } else {
      std::fill(target + begin, target + begin + pixels, Depths<Value>::kInvalid);
    }
    runs.clear();
    for (int b = 0; b < count; b++) {
      const auto i = static_cast<size_t>(b);
      const Marks found = blocks.MarksOf(i);
      const int left = b * kBlockWidth;
      const int right = std::min(left + kBlockWidth, picture.width);
      if (found == stays) {
        const size_t at = begin + static_cast<size_t>(left);
        if (odd[i] != 0 || kept != 0) CopyDepths<Value>(data + at, target + at, width, right - left, rows);
      } else if (found == Marks::kSome || kept == 0) {
        const bool within =
            found == Marks::kSome && blocks.within[i] != 0 && cutter.plain() && right - left == kBlockWidth;
        const bool gaps = within && HasGaps<Value>(data + begin + left, width, rows);
        const uint32_t spare = gaps ? uint32_t{Depths<Value>::BitsOf(blocks.depths.low[i])} : 0;
        BlockRun* last = runs.empty() ? nullptr : &runs.back();
        if (last != nullptr && last->right == left && last->found == found && last->within == within &&
            last->spare == spare) {
          last->right = right;
        } else {
          runs.push_back({left, right, found, within, spare});
        }
      }
    }
    for (int row = top; !runs.empty() && row < top + rows; row++) {
      bool begun = false;
      Bits* line = target + static_cast<size_t>(row) * width;
      for (const auto& [left, right, found, within, spare] : runs) {
        if (found != Marks::kSome) {
          std::fill(line + left, line + right, Depths<Value>::kInvalid);
          continue;
        }
        if (!begun) cutter.BeginRow(row);
        begun = true;
        if (within) {
          cutter.CutWithin(row, left, right, static_cast<Bits>(spare));
        } else {
          cutter.Cut(row, left, right);
        }
      }
    }
  }
}

}  // namespace

void Cut(const Picture& picture, Rays rays, const Projection& numbers, Grid<uint8_t> marks, uint8_t kept,
         void* target) {
  if (picture.meters != nullptr) {
    CutAs(picture.meters, picture, rays, numbers, marks, kept, static_cast<float*>(target));
  } else {
    CutAs(picture.millimeters, picture, rays, numbers, marks, kept, static_cast<uint16_t*>(target));
  }
}

}  // namespace depth
