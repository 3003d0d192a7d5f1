#pragma once

#include <cstdint>
#include <random>

#include "fuzz/target.h"

namespace fuzz {

/** Mutates inputs. The results depend only on the seed, not on the standard library. */
class Mutator {
 public:
  Mutator(uint32_t seed, size_t most_bytes) : random_(seed), most_bytes_(most_bytes) {}

  /** A number below `limit`. */
  size_t Below(size_t limit) { return random_() % limit; }
  /**
   * Applies one to eight changes to bytes, bits, numbers, lengths and order. Ranges may come from `other`.
   */
  Bytes Mutate(Bytes input, const Bytes& other);

 private:
  void Change(Bytes& input, const Bytes& other);
  void WriteNumber(Bytes& input, size_t at);

  std::mt19937 random_;
  const size_t most_bytes_;
};

}  // namespace fuzz
