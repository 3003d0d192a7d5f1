/**
 * The hook that g++ -fsanitize-coverage=trace-pc calls in each basic block of the target. An input that
 * reaches a new block, or reaches one much more often than before, is worth mutating further. This is how a
 * fuzzer gets past checks that no seed passes.
 */
#include "fuzz/coverage.h"

#include <array>
#include <cstdint>
#include <vector>

namespace fuzz {
namespace {

constexpr size_t kBlocks = 1 << 16;

std::array<uint8_t, kBlocks> times;
std::array<uint8_t, kBlocks> most;
std::vector<uint32_t> reached;
size_t blocks = 0;
thread_local bool counting = false;

/** Hit counts in AFL's classes: 1, 2, 3, up to 7, 15, 31, 127, and more. */
uint8_t Grade(uint8_t count) {
  uint8_t grade = 0;
  for (const int limit : {0, 1, 2, 3, 7, 15, 31, 127}) grade = static_cast<uint8_t>(grade + (count > limit));
  return grade;
}

}  // namespace

void BeginCoverage() {
  for (const uint32_t block : reached) times[block] = 0;
  reached.clear();
  counting = true;
}

size_t EndCoverage() {
  counting = false;
  size_t found = 0;
  for (const uint32_t block : reached) {
    const uint8_t grade = Grade(times[block]);
    if (grade <= most[block]) continue;
    if (most[block] == 0) blocks++;
    most[block] = grade;
    found++;
  }
  return found;
}

size_t BlocksReached() { return blocks; }

}  // namespace fuzz

/** Defined by the linker. */
extern "C" const char __executable_start;

extern "C" void __sanitizer_cov_trace_pc() {
  if (!fuzz::counting) return;
  // The address relative to the load address, so that it is the same in each run.
  const auto address = reinterpret_cast<uintptr_t>(__builtin_return_address(0)) -
                       reinterpret_cast<uintptr_t>(&__executable_start);
  const auto block = static_cast<uint32_t>((address * 0x9e3779b97f4a7c15u) >> 48);
  uint8_t& count = fuzz::times[block];
  if (count == 0) fuzz::reached.push_back(block);
  if (count < 255) count++;
}
