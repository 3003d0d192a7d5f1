/**
 * What g++ -fsanitize-coverage=trace-pc calls at each block of the target's code. An input that reaches a new
 * place, or one much more often than any before, is worth changing further: so a fuzzer finds its way past
 * checks that no seed passes.
 */
#include "fuzz/coverage.h"

#include <array>
#include <cstdint>
#include <vector>

namespace fuzz {
namespace {

constexpr size_t kPlaces = 1 << 16;

std::array<uint8_t, kPlaces> times;
std::array<uint8_t, kPlaces> most;
std::vector<uint32_t> reached;
size_t places = 0;
thread_local bool counting = false;

/** Once, twice, three times, up to 7, 15, 31, 127 and more: what AFL tells apart. */
uint8_t Grade(uint8_t count) {
  uint8_t grade = 0;
  for (const int limit : {0, 1, 2, 3, 7, 15, 31, 127}) grade = static_cast<uint8_t>(grade + (count > limit));
  return grade;
}

}  // namespace

void BeginCoverage() {
  for (const uint32_t place : reached) times[place] = 0;
  reached.clear();
  counting = true;
}

size_t EndCoverage() {
  counting = false;
  size_t found = 0;
  for (const uint32_t place : reached) {
    const uint8_t grade = Grade(times[place]);
    if (grade <= most[place]) continue;
    if (most[place] == 0) places++;
    most[place] = grade;
    found++;
  }
  return found;
}

size_t PlacesReached() { return places; }

}  // namespace fuzz

/** Of the linker. */
extern "C" const char __executable_start;

extern "C" void __sanitizer_cov_trace_pc() {
  if (!fuzz::counting) return;
  // The address without where the program was loaded, so that it is the same each time.
  const auto address = reinterpret_cast<uintptr_t>(__builtin_return_address(0)) -
                       reinterpret_cast<uintptr_t>(&__executable_start);
  const auto place = static_cast<uint32_t>((address * 0x9e3779b97f4a7c15u) >> 48);
  uint8_t& count = fuzz::times[place];
  if (count == 0) fuzz::reached.push_back(place);
  if (count < 255) count++;
}
