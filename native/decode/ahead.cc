#include "decode/ahead.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>

namespace decode {
namespace {

/** Margin in prototype cells around the area of a box, because the decoder rounds when it maps boxes to the
 * picture and back. */
constexpr double kMargin = 0.05;

void Store(int32_t* at, float value) { std::memcpy(at, &value, sizeof value); }

int Clamp(double value, int most) {
  // NaN becomes 0.
  if (!(value > 0)) return 0;
  return value > most ? most : static_cast<int>(value);
}

}  // namespace

void Ahead::Resize(size_t cells) {
  if (score_.size() == cells) return;
  class_id_.resize(cells);
  cell_.resize(cells);
  corners_.resize(4 * cells);
  valid_.resize(cells);
  level_.resize(cells);
  // Resized last, so that its size is right for all of them even if an earlier resize throws.
  score_.resize(cells);
}

void Ahead::Run(const Kernels& kernels, const Plan& plan, const std::vector<const void*>& outputs,
                Found& found) {
  const auto start = std::chrono::steady_clock::now();
  size_t cells = 0;
  for (const PlannedLevel& level : plan.levels) cells += static_cast<size_t>(level.classes.head.cells());
  Resize(cells);
  Candidates candidates{score_.data(), class_id_.data(), cell_.data(), cells};
  const Boxes boxes{corners_.data(), corners_.data() + cells, corners_.data() + 2 * cells,
                    corners_.data() + 3 * cells};
  for (size_t index = 0; index < plan.levels.size(); index++) {
    const PlannedLevel& level = plan.levels[index];
    const size_t from = candidates.count;
    Scan(kernels, level.classes.head, outputs[level.classes.output], plan.limits.data(), plan.lowest,
         candidates);
    for (size_t i = from; i < candidates.count; i++) {
      level_[i] = static_cast<uint8_t>(index);
      valid_[i] = DistanceBox(level.boxes.head, outputs[level.boxes.output], level.stride, plan.bins,
                              cell_[i], boxes, i)
                      ? 1
                      : 0;
    }
  }
  const auto& kept = suppression_.Run(candidates, boxes, valid_.data(), plan.iou, plan.most);

  int32_t* const numbers = found.numbers.data();
  // If there is not room for all, JavaScript decodes the whole frame.
  const bool fits = kept.size() <= Found::kMostInstances;
  size_t used = 0;
  for (size_t k = 0; fits && k < kept.size(); k++) {
    const auto i = static_cast<size_t>(kept[k]);
    int32_t* const record = numbers + Found::kRecords + k * Found::kRecordLength;
    record[0] = class_id_[i];
    record[1] = level_[i];
    record[2] = cell_[i];
    Store(record + 9, score_[i]);
    Store(record + 10, boxes.x1[i]);
    Store(record + 11, boxes.y1[i]);
    Store(record + 12, boxes.x2[i]);
    Store(record + 13, boxes.y2[i]);
    used = Combine(kernels, plan, plan.levels[level_[i]], outputs, cell_[i], used, record, found);
  }
  numbers[0] = fits ? plan.version : 0;
  numbers[1] = fits ? static_cast<int32_t>(kept.size()) : 0;
  const std::chrono::duration<float, std::milli> elapsed = std::chrono::steady_clock::now() - start;
  Store(numbers + 2, elapsed.count());
}

size_t Ahead::Combine(const Kernels& kernels, const Plan& plan, const PlannedLevel& level,
                      const std::vector<const void*>& outputs, int cell, size_t used, int32_t* record,
                      Found& found) {
  const PlannedHead& of = level.coefficients;
  const auto channels = static_cast<size_t>(of.head.channels);
  coefficients_.resize(channels);
  ReadChannels(of.head, outputs[of.output], cell, coefficients_.data());
  const bool finite = std::all_of(coefficients_.begin(), coefficients_.end(),
                                  [](float value) { return std::isfinite(value); });
  record[3] = finite ? 1 : 0;
  record[8] = -1;
  if (!plan.masks || !finite) return used;

  const Head& proto = plan.proto.head;
  const auto side = [&](size_t number) {
    float value;
    std::memcpy(&value, record + number, sizeof value);
    return static_cast<double>(value) / plan.proto_stride - 0.5;
  };
  Combination task{};
  task.first_column = Clamp(std::floor(side(10) - kMargin), proto.width - 1);
  task.first_row = Clamp(std::floor(side(11) - kMargin), proto.height - 1);
  task.last_column = Clamp(std::floor(side(12) + kMargin) + 1, proto.width - 1);
  task.last_row = Clamp(std::floor(side(13) + kMargin) + 1, proto.height - 1);
  const size_t size = task.columns() * task.rows();
  if (used + size > Found::kMostSums) return used;

  factors_.resize(channels);
  double bias = 0;
  for (size_t k = 0; k < channels; k++) {
    const double factor = static_cast<double>(coefficients_[k]) * (proto.scale ? proto.scale[k] : 1);
    factors_[k] = static_cast<float>(factor);
    bias -= factor * (proto.zero ? proto.zero[k] : 0);
  }
  task.factors = factors_.data();
  task.bias = static_cast<float>(bias);
  // The sums are floats in an array of integers; nothing reads them as integers.
  auto* const sums = reinterpret_cast<float*>(found.numbers.data() + Found::kSums + used);
  kernels.combine(proto, outputs[plan.proto.output], task, sums);
  record[4] = task.first_column;
  record[5] = task.last_column;
  record[6] = task.first_row;
  record[7] = task.last_row;
  record[8] = static_cast<int32_t>(used);
  return used + size;
}

}  // namespace decode
