#include "fuzz/mutator.h"

#include <algorithm>
#include <cstring>

namespace fuzz {
namespace {

/** Values that often break parsers: limits of integer types, and picture sizes. */
constexpr uint64_t kNumbers[] = {
    0,
    1,
    2,
    3,
    4,
    8,
    15,
    16,
    63,
    64,
    127,
    128,
    255,
    256,
    1920,
    16383,
    16384,
    16385,
    32767,
    32768,
    65535,
    65536,
    0x00ffffff,
    0x3fffffff,
    0x40000000,
    0x7fffffff,
    0x80000000,
    0xfffffff0,
    0xffffffff,
    0x100000000,
    0x7fffffffffffffff,
    0x8000000000000000,
    0xffffffffffffffff,
};

}  // namespace

Bytes Mutator::Mutate(Bytes input, const Bytes& other) {
  for (size_t left = 1 + Below(8); left > 0; left--) Change(input, other);
  if (input.size() > most_bytes_) input.resize(most_bytes_);
  return input;
}

void Mutator::Change(Bytes& input, const Bytes& other) {
  if (input.empty()) input.push_back(static_cast<uint8_t>(Below(256)));
  // Headers are at the beginning, so mutate there more often.
  const size_t at = Below(Below(2) == 0 ? std::min<size_t>(input.size(), 64) : input.size());
  const size_t length = std::min(1 + Below(64), input.size() - at);
  const auto here = input.begin() + static_cast<std::ptrdiff_t>(at);
  switch (Below(9)) {
    case 0:
      input[at] ^= static_cast<uint8_t>(1u << Below(8));
      break;
    case 1:
      input[at] = static_cast<uint8_t>(Below(256));
      break;
    case 2:
      input[at] = static_cast<uint8_t>(input[at] + Below(9) - 4);
      break;
    case 3:
    case 4:
      WriteNumber(input, at);
      break;
    case 5: {  // duplicate a range
      const Bytes stretch(here, here + static_cast<std::ptrdiff_t>(length));
      input.insert(here, stretch.begin(), stretch.end());
      break;
    }
    case 6:  // remove a range
      input.erase(here, here + static_cast<std::ptrdiff_t>(length));
      break;
    case 7: {  // copy a range of another input
      if (other.empty()) break;
      const size_t from = Below(other.size());
      const size_t count = std::min(length, other.size() - from);
      std::copy_n(other.begin() + static_cast<std::ptrdiff_t>(from), count, here);
      break;
    }
    default:
      if (Below(4) == 0) input.resize(at);
  }
}

/** Replaces a little-endian number of 1 to 8 bytes by a special value, or changes it slightly. */
void Mutator::WriteNumber(Bytes& input, size_t at) {
  const size_t bytes = std::min<size_t>(size_t{1} << Below(4), input.size() - at);
  uint64_t value = 0;
  if (Below(2) == 0) {
    value = kNumbers[Below(std::size(kNumbers))];
  } else {
    std::memcpy(&value, input.data() + at, bytes);
    value += Below(33);
    value -= 16;
  }
  std::memcpy(input.data() + at, &value, bytes);
}

}  // namespace fuzz
