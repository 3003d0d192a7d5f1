#pragma once

#include <napi.h>

#include <memory>
#include <vector>

#include "decode/ahead.h"

namespace decode {

/**
 * A plan from an AheadPlan of src/vision/decode/ahead.ts: version, numbers, blocks, scales of the blocks,
 * limits, lowest limit, IoU. Throws Napi::TypeError for one whose heads reach beyond the outputs.
 *
 * @param bytes of each of the model's outputs
 */
std::shared_ptr<const Plan> ReadPlan(const Napi::CallbackInfo& info, const std::vector<size_t>& bytes);

}  // namespace decode
