#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "decode/ahead.h"

namespace decode {

/** Version of PlanParts::numbers. Other versions have other fields. */
constexpr int32_t kPlanVersion = 1;

/** A plan as JavaScript describes it (AheadPlan of src/vision/decode/ahead.ts): our own copy, not yet
 * validated. */
struct PlanParts {
  int32_t version = 0;
  std::vector<int32_t> numbers;
  /** A block and its scales for each head. */
  struct HeadParts {
    std::vector<int32_t> block;
    std::vector<double> scales;
  };
  std::vector<HeadParts> heads;
  std::vector<double> limits;
  double lowest = 0;
  double iou = 1;
};

/**
 * @param bytes size of each of the model's outputs
 * @param expected, received describe the problem if this returns null, for example heads beyond the outputs
 */
std::shared_ptr<const Plan> MakePlan(PlanParts&& parts, const std::vector<size_t>& bytes,
                                     std::string& expected, std::string& received);

}  // namespace decode
