#pragma once

#include <atomic>
#include <cstdint>

/**
 * Counts the living objects of a class. Tests use it to check that everything is freed:
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
