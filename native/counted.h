#pragma once

#include <atomic>
#include <cstdint>

/**
 * Counts how many objects of a kind are alive in the process, for tests that ask whether all were given back:
 *
 *     class Attachment : Counted<Attachment> { ... };
 */
template <typename Kind>
class Counted {
 public:
  static int64_t alive() { return alive_; }

 protected:
  Counted() { alive_++; }
  Counted(const Counted&) { alive_++; }
  Counted& operator=(const Counted&) = default;
  ~Counted() { alive_--; }

 private:
  static inline std::atomic<int64_t> alive_{0};
};
