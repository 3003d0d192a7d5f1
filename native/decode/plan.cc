#include "decode/plan.h"

#include <utility>

#include "decode/block.h"

namespace decode {
namespace {

/** How many numbers come before the levels, and how many each level has. */
constexpr size_t kPlanLength = 7;
constexpr size_t kLevelLength = 4;
constexpr int32_t kMostLevels = 8;
constexpr int32_t kMostStride = 1 << 10;
constexpr int32_t kMostDetections = 1 << 20;

class PlanReader {
 public:
  PlanReader(PlanParts&& parts, const std::vector<size_t>& bytes, std::string& expected,
             std::string& received)
      : parts_(std::move(parts)), bytes_(bytes), expected_(expected), received_(received) {}

  bool Read(Plan& plan) {
    const auto& numbers = parts_.numbers;
    if (!Expect(numbers.size() >= kPlanLength && numbers[0] == kPlanVersion,
                "a plan of version " + std::to_string(kPlanVersion))) {
      return false;
    }
    int most = 0;
    int masks = 0;
    int levels = 0;
    const bool settings = Number(1, 1, kMostBins, plan.bins) && Number(2, 1, kMostDetections, most) &&
                          Number(3, 0, 1, masks) && Number(4, 1, kMostStride, plan.proto_stride) &&
                          Number(6, 1, kMostLevels, levels);
    if (!settings) return false;
    plan.version = parts_.version;
    plan.most = static_cast<size_t>(most);
    plan.masks = masks == 1;
    const auto count = static_cast<size_t>(levels);
    if (!Expect(numbers.size() == kPlanLength + count * kLevelLength, "numbers for each level") ||
        !Expect(parts_.heads.size() == 1 + 3 * count, "four heads of the first level, and three of others") ||
        !ReadHead(0, 5, plan.proto)) {
      return false;
    }
    plan.levels.resize(count);
    for (size_t i = 0; i < count; i++) {
      if (!ReadLevel(i, plan)) return false;
    }
    plan.limits = std::move(parts_.limits);
    plan.lowest = parts_.lowest;
    plan.iou = parts_.iou;
    return true;
  }

 private:
  bool Expect(bool holds, std::string what, std::string found = "others") {
    if (holds) return true;
    expected_ = std::move(what);
    received_ = std::move(found);
    return false;
  }

  bool Number(size_t i, int32_t least, int32_t most, int& value) {
    value = parts_.numbers[i];
    return Expect(value >= least && value <= most, "numbers of a plan",
                  "number " + std::to_string(i) + " of " + std::to_string(value));
  }

  bool ReadLevel(size_t i, Plan& plan) {
    PlannedLevel& level = plan.levels[i];
    const size_t at = kPlanLength + i * kLevelLength;
    if (!Number(at, 1, kMostStride, level.stride) || !ReadHead(3 * i + 1, at + 1, level.classes) ||
        !ReadHead(3 * i + 2, at + 2, level.boxes) || !ReadHead(3 * i + 3, at + 3, level.coefficients)) {
      return false;
    }
    const Head& grid = level.classes.head;
    for (const PlannedHead* of : {&level.boxes, &level.coefficients}) {
      if (!Expect(of->head.width == grid.width && of->head.height == grid.height, "heads of one grid"))
        return false;
    }
    return Expect(level.boxes.head.channels == 4 * plan.bins, "boxes of as many bins as the plan has") &&
           Expect(level.coefficients.head.channels == plan.proto.head.channels,
                  "a coefficient for each prototype") &&
           Expect(static_cast<size_t>(grid.channels) == parts_.limits.size(), "a limit for each class");
  }

  /** @param output index of the number that gives the head's output */
  bool ReadHead(size_t i, size_t output, PlannedHead& planned) {
    int number = 0;
    if (!Number(output, 0, static_cast<int32_t>(bytes_.size()) - 1, number)) return false;
    PlanParts::HeadParts& parts = parts_.heads[i];
    planned.output = static_cast<size_t>(number);
    planned.scales = std::move(parts.scales);
    std::string problem;
    const bool read = ReadBlock(parts.block.data(), parts.block.size(), planned.scales.data(),
                                planned.scales.size(), planned.head, problem);
    if (!Expect(read, "a block that describes a head", problem)) return false;
    const uint64_t needed = planned.head.Needed() * BytesOf(planned.head.type);
    return Expect(needed <= bytes_[planned.output], "heads within the outputs");
  }

  PlanParts parts_;
  const std::vector<size_t>& bytes_;
  std::string& expected_;
  std::string& received_;
};

}  // namespace

std::shared_ptr<const Plan> MakePlan(PlanParts&& parts, const std::vector<size_t>& bytes,
                                     std::string& expected, std::string& received) {
  auto plan = std::make_shared<Plan>();
  if (!PlanReader(std::move(parts), bytes, expected, received).Read(*plan)) return nullptr;
  return plan;
}

}  // namespace decode
