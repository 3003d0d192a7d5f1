#pragma once

#include <cstdint>
#include <string>

#include "../failure.h"

namespace bpu {

using ::Failure;

/** The failure of a libdnn call. `call` is what was attempted, e.g. "hbDNNInfer to accept a task". */
Failure StatusFailure(const std::string& call, int32_t status);

/** @throws Failure unless `status` is 0 */
inline void Check(const char* call, int32_t status) {
  if (status != 0) throw StatusFailure(call, status);
}

}  // namespace bpu
