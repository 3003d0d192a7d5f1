#include "decode/once.h"
#include "depth/projector.h"

namespace depth {
namespace {

using decode::Once;

constexpr double kMillimeter = 0.001;

inline float MetersOf(uint16_t value) { return static_cast<float>(value * kMillimeter); }
inline float MetersOf(float value) { return value; }

/** Pixels of one row. @returns the number of those found so far */
template <typename Value, class Row>
size_t ProjectRow(const Row& pixels, const Value* values, int y, int columns, int step, Grid<uint16_t> labels,
                  Nearest near, FoundPoints found, size_t count) {
  for (int i = 0; i < columns; i += 4, values += 4 * step) {
    Value four[4] = {};
    if (columns - i >= 4) {
      for (int lane = 0; lane < 4; lane++) four[lane] = Once(values + lane * step);
    } else {
      for (int lane = 0; lane < columns - i; lane++) four[lane] = Once(values + lane * step);
    }
    const F4 value{static_cast<float>(four[0]), static_cast<float>(four[1]), static_cast<float>(four[2]),
                   static_cast<float>(four[3])};
    const Seen seen = pixels.At(static_cast<size_t>(i), value);
    const I4 on = seen.on & (value > All(0)) & (value <= All(Depths<Value>::kMost));
    if (!Any(on)) continue;
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
      const uint16_t label = labels.cells[cells[lane]];
      if (label == 0) continue;
      found.pixels[count] = static_cast<uint32_t>(y) << 16 | static_cast<uint32_t>((i + lane) * step);
      found.depths[count] = MetersOf(four[lane]);
      found.squares[count] = squares[lane];
      found.labels[count] = label;
      found.color_depths[count++] = seen.depth[lane];
    }
  }
  return count;
}

template <typename Value>
size_t ProjectAs(const Value* data, const Picture& picture, int step, Projector projector,
                 Grid<uint16_t> labels, Nearest near, FoundPoints found) {
  const int columns = (picture.width - 1) / step + 1;
  size_t count = 0;
  for (int y = 0; y < picture.height; y += step) {
    const Value* row = data + static_cast<size_t>(y) * static_cast<size_t>(picture.width);
    projector.BeginRow(y);
    if (projector.plain()) {
      const Projector::PlainRow pixels(projector);
      count = ProjectRow(pixels, row, y, columns, step, labels, near, found, count);
    } else {
      count = ProjectRow(projector, row, y, columns, step, labels, near, found, count);
    }
  }
  return count;
}

}  // namespace

size_t Project(const Picture& picture, int step, Rays rays, const Projection& numbers, Grid<uint16_t> labels,
               Nearest near, FoundPoints found) {
  const Projector projector(numbers, rays, picture.width, step, labels.width, labels.height);
  return picture.meters != nullptr
             ? ProjectAs(picture.meters, picture, step, projector, labels, near, found)
             : ProjectAs(picture.millimeters, picture, step, projector, labels, near, found);
}

}  // namespace depth
