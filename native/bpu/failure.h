#pragma once

#include <cstdint>
#include <exception>
#include <string>
#include <utility>

namespace bpu {

/** What went wrong, as ExpectationError (src/expect.ts) says it: expected, received, what to do. */
class Failure : public std::exception {
 public:
  Failure(std::string expected, std::string received, std::string hint)
      : expected(std::move(expected)), received(std::move(received)), hint(std::move(hint)) {}

  const char* what() const noexcept override { return received.c_str(); }

  std::string expected;
  std::string received;
  std::string hint;
};

/** The failure of a libdnn call: `call` is what was attempted, e.g. "hbDNNInfer to accept a task". */
Failure StatusFailure(const std::string& call, int32_t status);

/** @throws Failure unless `status` is 0 */
inline void Check(const char* call, int32_t status) {
  if (status != 0) throw StatusFailure(call, status);
}

}  // namespace bpu
