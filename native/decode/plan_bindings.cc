#include "decode/plan_bindings.h"

#include <string>
#include <utility>

#include "arguments.h"
#include "decode/plan.h"
#include "decode/views.h"

namespace decode {
namespace {

/** Maximum number of heads that are read; MakePlan() expects fewer. */
constexpr uint32_t kMostHeads = 100;

template <typename Value>
std::vector<Value> Copy(Napi::Value value, const char* name) {
  const auto view = ViewOf<Value>(value, name);
  return {view.data, view.data + view.length};
}

}  // namespace

std::shared_ptr<const Plan> ReadPlan(const Napi::CallbackInfo& info, const std::vector<size_t>& bytes) {
  const Napi::Env env = info.Env();
  PlanParts parts;
  parts.version = static_cast<int32_t>(arguments::ReadInteger(info[0], "version", 1, INT32_MAX));
  // Copied, because reading the lists may run a JavaScript getter, which may free an array.
  parts.numbers = Copy<int32_t>(info[1], "numbers");
  if (!info[2].IsArray() || !info[3].IsArray()) {
    arguments::Fail(env, "lists of blocks and of scales", "something else");
  }
  const auto blocks = info[2].As<Napi::Array>();
  const auto scales = info[3].As<Napi::Array>();
  const uint32_t count = blocks.Length();
  if (count > kMostHeads) arguments::Fail(env, "blocks of heads", std::to_string(count));
  for (uint32_t i = 0; i < count; i++) {
    parts.heads.emplace_back();
    parts.heads.back().block = Copy<int32_t>(blocks.Get(i), "block");
    parts.heads.back().scales = Copy<double>(scales.Get(i), "scales");
  }
  parts.limits = Copy<double>(info[4], "limits");
  if (!info[5].IsNumber() || !info[6].IsNumber()) {
    arguments::Fail(env, "numbers for the lowest limit and the IoU", "something else");
  }
  parts.lowest = info[5].As<Napi::Number>().DoubleValue();
  parts.iou = info[6].As<Napi::Number>().DoubleValue();
  std::string expected;
  std::string received;
  auto plan = MakePlan(std::move(parts), bytes, expected, received);
  if (!plan) arguments::Fail(env, expected, received);
  return plan;
}

}  // namespace decode
