#include "decode/nms.h"

#include <algorithm>

namespace decode {
namespace {

/** Intersection over union of two boxes with positive sides, in doubles, as in JavaScript. */
double Overlap(const Boxes& boxes, int32_t a, int32_t b) {
  const auto side = [](const float* from, const float* to, int32_t first, int32_t second) {
    return static_cast<double>(std::min(to[first], to[second])) -
           static_cast<double>(std::max(from[first], from[second]));
  };
  const double width = side(boxes.x1, boxes.x2, a, b);
  const double height = side(boxes.y1, boxes.y2, a, b);
  if (width <= 0 || height <= 0) return 0;
  const auto area = [&](int32_t i) {
    return (static_cast<double>(boxes.x2[i]) - static_cast<double>(boxes.x1[i])) *
           (static_cast<double>(boxes.y2[i]) - static_cast<double>(boxes.y1[i]));
  };
  const double intersection = width * height;
  return intersection / (area(a) + area(b) - intersection);
}

}  // namespace

const std::vector<int32_t>& Suppression::Run(const Candidates& candidates, const Boxes& boxes,
                                             const uint8_t* valid, double iou, size_t most) {
  order_.clear();
  kept_.clear();
  for (size_t i = 0; i < candidates.count; i++) {
    if (valid[i] != 0) order_.push_back(static_cast<int32_t>(i));
  }
  // A heap only sorts what is taken from it, and often only the best are needed.
  const auto worse = [&](int32_t a, int32_t b) {
    const float first = candidates.score[a];
    const float second = candidates.score[b];
    return first < second || (first == second && a > b);
  };
  std::make_heap(order_.begin(), order_.end(), worse);
  while (!order_.empty() && kept_.size() < most) {
    std::pop_heap(order_.begin(), order_.end(), worse);
    const int32_t next = order_.back();
    order_.pop_back();
    // No overlap is above 1, so nothing has to be compared.
    const bool suppressed = iou < 1 && std::any_of(kept_.begin(), kept_.end(), [&](int32_t better) {
                              return candidates.class_id[better] == candidates.class_id[next] &&
                                     Overlap(boxes, better, next) > iou;
                            });
    if (!suppressed) kept_.push_back(next);
  }
  return kept_;
}

}  // namespace decode
