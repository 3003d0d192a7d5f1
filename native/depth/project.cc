#include <algorithm>
#include <vector>

#include "decode/of_thread.h"
#include "decode/once.h"
#include "depth/projector.h"

namespace depth {
namespace {

using decode::OfThread;
using decode::Once;

constexpr double kMillimeter = 0.001;

/** A pixel that came to lie on an instance. */
struct FoundPoint {
  uint32_t pixel;
  /** Of the depth picture. */
  float value;
  /** In the color camera's frame, in units of the picture. */
  float color_depth;
  int32_t square;
  uint32_t label;
};

/** Kept by the thread; only the calling thread can change it. */
struct FoundMemory {
  std::vector<FoundPoint> points;
};

inline F4 FloatsOfWords(U4 words) { return __builtin_convertvector(reinterpret_cast<I4>(words), F4); }

/** Four values, `step` apart; all pixels up to the next step after them are memory of the picture. */
inline F4 FourOf(const uint16_t* values, size_t step) {
  if (step == 2) return FloatsOfWords(LoadOnce<U4>(values) & 0xffff);
  if (step == 4) return FloatsOfWords(EvenLanes(LoadOnce<U4>(values), LoadOnce<U4>(values + 8)) & 0xffff);
  if (step == 1) return __builtin_convertvector(__builtin_convertvector(LoadOnce<H4>(values), I4), F4);
  return F4{static_cast<float>(Once(values)), static_cast<float>(Once(values + step)),
            static_cast<float>(Once(values + 2 * step)), static_cast<float>(Once(values + 3 * step))};
}

inline F4 FourOf(const float* values, size_t step) {
  if (step == 1) return LoadOnce<F4>(values);
  if (step == 2) {
    return reinterpret_cast<F4>(EvenLanes(LoadOnce<U4>(values), LoadOnce<U4>(values + 4)));
  }
  return F4{Once(values), Once(values + step), Once(values + 2 * step), Once(values + 3 * step)};
}

/** Pixels of one row. @returns one past the last of those found so far */
template <typename Value, class Row>
FoundPoint* ProjectRow(const Row& pixels, const Value* values, int y, int width, int step,
                       Grid<uint16_t> labels, Nearest near, FoundPoint* found) {
  const int columns = (width - 1) / step + 1;
  for (int i = 0; i < columns; i += 4, values += 4 * step) {
    F4 value;
    if ((i + 4) * step <= width) {
      value = FourOf(values, static_cast<size_t>(step));
    } else {
      value = All(0);
      for (int lane = 0; lane < std::min(4, columns - i); lane++)
        value[lane] = static_cast<float>(Once(values + lane * step));
    }
    const Seen seen = pixels.At(static_cast<size_t>(i), value);
    const I4 on = seen.on & (value > All(0)) & (value <= All(Depths<Value>::kMost));
    const I4 squares = (seen.line >> near.shift) * AllOf(near.columns) + (seen.column >> near.shift);
    const F4 nearest{near.nearest[squares[0]], near.nearest[squares[1]], near.nearest[squares[2]],
                     near.nearest[squares[3]]};
    // 0 where no label is near: nobody asks what hides it.
    const I4 asked = on & (nearest > All(0));
    if (!Any(asked)) continue;
    const I4 cells = seen.line * AllOf(labels.width) + seen.column;
    for (int lane = 0; lane < 4; lane++) {
      if (asked[lane] == 0) continue;
      // Read again: a pixel of these four may have lowered it.
      float& least = near.nearest[squares[lane]];
      if (seen.depth[lane] < least) least = seen.depth[lane];
      const uint32_t label = labels.cells[cells[lane]];
      if (label == 0) continue;
      *found++ = {static_cast<uint32_t>(y) << 16 | static_cast<uint32_t>((i + lane) * step), value[lane],
                  seen.depth[lane], squares[lane], label};
    }
  }
  return found;
}

template <typename Value>
FoundPoint* ProjectAs(const Value* data, const Picture& picture, int step, Projector projector,
                      Grid<uint16_t> labels, Nearest near, FoundPoint* found) {
  for (int y = 0; y < picture.height; y += step) {
    const Value* row = data + static_cast<size_t>(y) * static_cast<size_t>(picture.width);
    projector.BeginRow(y);
    if (projector.plain()) {
      const Projector::PlainRow pixels(projector);
      found = ProjectRow(pixels, row, y, picture.width, step, labels, near, found);
    } else {
      found = ProjectRow(projector, row, y, picture.width, step, labels, near, found);
    }
  }
  return found;
}

/** Candidates' sorting of what was found. @returns the number of points */
size_t Group(FoundPoint* begin, FoundPoint* end, double unit, Nearest near, Hidden hidden,
             const Groups& groups) {
  const size_t count = groups.count;
  auto* ends = groups.ends;
  std::vector<uint32_t>& next = OfThread<std::vector<uint32_t>, FoundMemory>();
  next.assign(count + 2, 0);
  for (FoundPoint* point = begin; point < end; point++) {
    const double nearest = static_cast<double>(near.nearest[point->square]);
    const bool seen = !(static_cast<double>(point->color_depth) > nearest * hidden.share + hidden.least);
    // A label that no instance has is none.
    point->label = seen && point->label <= count ? point->label : 0;
    next[point->label + 1]++;
  }
  // Behind those without a label: they are not points.
  next[1] = 0;
  for (size_t i = 1; i <= count; i++) {
    ends[i - 1] = static_cast<int32_t>(next[i]);
    next[i + 1] += next[i];
  }
  const size_t total = next[count + 1];
  ends[count] = static_cast<int32_t>(total);
  for (const FoundPoint* point = begin; point < end; point++) {
    if (point->label == 0) continue;
    const size_t at = next[point->label]++;
    groups.points.pixels[at] = point->pixel;
    groups.points.depths[at] = static_cast<float>(static_cast<double>(point->value) * unit);
  }
  return total;
}

}  // namespace

size_t Project(const Picture& picture, int step, Rays rays, const Projection& numbers, Grid<uint16_t> labels,
               Nearest near, Hidden hidden, const Groups& groups) {
  const Projector projector(numbers, rays, picture.width, step, labels.width, labels.height);
  auto& memory = OfThread<FoundMemory>().points;
  const size_t most = LookedAt(picture.width, step) * LookedAt(picture.height, step);
  if (memory.size() < most) memory.resize(most);
  FoundPoint* found = memory.data();
  if (picture.meters != nullptr) {
    FoundPoint* end = ProjectAs(picture.meters, picture, step, projector, labels, near, found);
    return Group(found, end, 1, near, hidden, groups);
  }
  FoundPoint* end = ProjectAs(picture.millimeters, picture, step, projector, labels, near, found);
  return Group(found, end, kMillimeter, near, hidden, groups);
}

}  // namespace depth
