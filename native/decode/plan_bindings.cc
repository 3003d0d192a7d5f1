#include "decode/plan_bindings.h"

#include <string>

#include "arguments.h"
#include "decode/block.h"
#include "decode/views.h"

namespace decode {
namespace {

constexpr int32_t kPlanVersion = 1;
/** Numbers before those of the levels, and of each level. */
constexpr size_t kPlanLength = 7;
constexpr size_t kLevelLength = 4;
constexpr int32_t kMostLevels = 8;

class PlanReader {
 public:
  PlanReader(const Napi::CallbackInfo& info, const std::vector<size_t>& bytes) : info_(info), bytes_(bytes) {
    // A copy: reading the lists below may run a getter of JavaScript, which may free the array.
    const auto numbers = ViewOf<int32_t>(info[1], "numbers", kPlanLength);
    numbers_.assign(numbers.data, numbers.data + numbers.length);
  }

  Plan Read() {
    Plan plan;
    plan.version = static_cast<int32_t>(arguments::ReadInteger(info_[0], "version", 1, INT32_MAX));
    Expect(numbers_[0] == kPlanVersion, "a plan of version 1");
    plan.bins = Number(1, 1, kMostBins);
    plan.most = static_cast<size_t>(Number(2, 1, 1 << 20));
    plan.masks = Number(3, 0, 1) == 1;
    plan.proto_stride = Number(4, 1, 1 << 10);
    const auto levels = static_cast<size_t>(Number(6, 1, kMostLevels));
    Expect(numbers_.size() == kPlanLength + levels * kLevelLength, "numbers for each level");
    plan.proto = ReadHead(0, Number(5, 0, MostOutput()));
    for (size_t i = 0; i < levels; i++) {
      const size_t at = kPlanLength + i * kLevelLength;
      PlannedLevel level;
      level.stride = Number(at, 1, 1 << 10);
      level.classes = ReadHead(3 * i + 1, Number(at + 1, 0, MostOutput()));
      level.boxes = ReadHead(3 * i + 2, Number(at + 2, 0, MostOutput()));
      level.coefficients = ReadHead(3 * i + 3, Number(at + 3, 0, MostOutput()));
      const Head& grid = level.classes.head;
      for (const PlannedHead* of : {&level.boxes, &level.coefficients}) {
        Expect(of->head.width == grid.width && of->head.height == grid.height, "heads of one grid");
      }
      Expect(level.boxes.head.channels == 4 * plan.bins, "boxes of as many bins as the plan has");
      Expect(level.coefficients.head.channels == plan.proto.head.channels,
             "a coefficient for each prototype");
      plan.levels.push_back(std::move(level));
    }
    const auto limits = ViewOf<double>(info_[4], "limits");
    plan.limits.assign(limits.data, limits.data + limits.length);
    for (const PlannedLevel& level : plan.levels) {
      Expect(static_cast<size_t>(level.classes.head.channels) == limits.length, "a limit for each class");
    }
    Expect(info_[5].IsNumber() && info_[6].IsNumber(), "numbers for the lowest limit and the IoU");
    plan.lowest = info_[5].As<Napi::Number>().DoubleValue();
    plan.iou = info_[6].As<Napi::Number>().DoubleValue();
    return plan;
  }

 private:
  void Expect(bool holds, const char* what) const {
    if (!holds) arguments::Fail(info_.Env(), what, "others");
  }

  int Number(size_t i, int32_t least, int32_t most) const {
    const int32_t value = numbers_[i];
    if (value < least || value > most) {
      arguments::Fail(info_.Env(), "numbers of a plan",
                      "number " + std::to_string(i) + " of " + std::to_string(value));
    }
    return value;
  }

  int32_t MostOutput() const { return static_cast<int32_t>(bytes_.size()) - 1; }

  PlannedHead ReadHead(size_t i, int output) const {
    Expect(info_[2].IsArray() && info_[3].IsArray(), "lists of blocks and of scales");
    const auto index = static_cast<uint32_t>(i);
    const Napi::Value block_value = info_[2].As<Napi::Array>().Get(index);
    const Napi::Value scales_value = info_[3].As<Napi::Array>().Get(index);
    const auto block = ViewOf<int32_t>(block_value, "block");
    const auto scales = ViewOf<double>(scales_value, "scales");
    PlannedHead planned;
    planned.output = static_cast<size_t>(output);
    planned.scales.assign(scales.data, scales.data + scales.length);
    std::string problem;
    if (!ReadBlock(block.data, block.length, planned.scales.data(), planned.scales.size(), planned.head,
                   problem)) {
      arguments::Fail(info_.Env(), "a block that describes a head", problem);
    }
    const uint64_t needed = planned.head.Needed() * BytesOf(planned.head.type);
    Expect(needed <= bytes_[planned.output], "heads within the outputs");
    return planned;
  }

  const Napi::CallbackInfo& info_;
  const std::vector<size_t>& bytes_;
  std::vector<int32_t> numbers_;
};

}  // namespace

std::shared_ptr<const Plan> ReadPlan(const Napi::CallbackInfo& info, const std::vector<size_t>& bytes) {
  return std::make_shared<const Plan>(PlanReader(info, bytes).Read());
}

}  // namespace decode
