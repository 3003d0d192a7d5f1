#include "decode/once.h"
#include "depth/projector.h"

namespace depth {
namespace {

using decode::Once;

constexpr double kMillimeter = 0.001;

inline float MetersOf(uint16_t value) { return static_cast<float>(value * kMillimeter); }
inline float MetersOf(float value) { return value; }

template <typename Value>
size_t ProjectAs(const Value* data, const Picture& picture, int step, Projector projector,
                 Grid<uint16_t> labels, Nearest near, FoundPoints found) {
  const int columns = (picture.width - 1) / step + 1;
  size_t count = 0;
  for (int y = 0; y < picture.height; y += step) {
    const Value* row = data + static_cast<size_t>(y) * static_cast<size_t>(picture.width);
    projector.BeginRow(y);
    for (int i = 0; i < columns; i += 4) {
      Value values[4] = {};
      const int lanes = columns - i < 4 ? columns - i : 4;
      for (int lane = 0; lane < lanes; lane++) values[lane] = Once(row + (i + lane) * step);
      const F4 value{static_cast<float>(values[0]), static_cast<float>(values[1]),
                     static_cast<float>(values[2]), static_cast<float>(values[3])};
      const Seen seen = projector.At(static_cast<size_t>(i), value);
      const I4 on = seen.on & (value > All(0)) & (value <= All(Depths<Value>::kMost));
      if (!Any(on)) continue;
      const I4 squares = (seen.line >> near.shift) * AllOf(near.columns) + (seen.column >> near.shift);
      const I4 cells = seen.line * AllOf(labels.width) + seen.column;
      for (int lane = 0; lane < 4; lane++) {
        if (on[lane] == 0) continue;
        // 0 where no label is near: nobody asks what hides it.
        float& nearest = near.nearest[squares[lane]];
        if (nearest == 0) continue;
        if (seen.depth[lane] < nearest) nearest = seen.depth[lane];
        const uint16_t label = labels.cells[cells[lane]];
        if (label == 0) continue;
        found.pixels[count] = static_cast<uint32_t>(y) << 16 | static_cast<uint32_t>((i + lane) * step);
        found.depths[count] = MetersOf(values[lane]);
        found.squares[count] = squares[lane];
        found.labels[count] = label;
        found.color_depths[count++] = seen.depth[lane];
      }
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
