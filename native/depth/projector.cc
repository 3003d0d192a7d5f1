#include "depth/projector.h"

#include "decode/of_thread.h"

namespace depth {

Projector::Projector(const Projection& numbers, Rays rays, int width, int step, int map_width, int map_height)
    : n_(numbers),
      rays_(rays),
      columns_(decode::OfThread<Columns>()),
      width_(width),
      step_(step),
      map_width_(All(static_cast<float>(map_width))),
      map_height_(All(static_cast<float>(map_height))) {
  const size_t count = static_cast<size_t>((width - 1) / step) + 1;
  // Three more, for the last four columns.
  for (auto* memory : {&columns_.a, &columns_.b, &columns_.c, &columns_.x, &columns_.y})
    memory->resize(count + 3);
  if (rays.data != nullptr) return;
  for (size_t i = 0; i < count; i++) {
    const float rx = (static_cast<float>(static_cast<int>(i) * step) - n_.cx) / n_.fx;
    columns_.a[i] = n_.matrix[0] * rx;
    columns_.b[i] = n_.matrix[3] * rx;
    columns_.c[i] = n_.matrix[6] * rx;
  }
}

void Projector::ReadRays(int row) {
  const float* rays = rays_.data + 2 * static_cast<size_t>(row) * static_cast<size_t>(width_);
  const auto stride = 2 * static_cast<size_t>(step_);
  const size_t count = columns_.x.size() - 3;
  for (size_t i = 0; i < count; i++) {
    columns_.x[i] = rays[i * stride];
    columns_.y[i] = rays[i * stride + 1];
  }
}

}  // namespace depth
