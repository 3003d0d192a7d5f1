#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "decode/ahead.h"

namespace decode {

/** Version of PlanParts::numbers. Another one has other fields. */
constexpr int32_t kPlanVersion = 1;

/** A plan as JavaScript describes it (AheadPlan of src/vision/decode/ahead.ts): memory of our own, not yet
 * checked. */
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
 * @param bytes of each of the model's outputs
 * @param expected, received what is wrong with the parts, where this returns null: heads beyond the outputs,
 * for one
 */
std::shared_ptr<const Plan> MakePlan(PlanParts&& parts, const std::vector<size_t>& bytes,
                                     std::string& expected, std::string& received);

}  // namespace decode
