#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

namespace camera {

/** Stamps of a camera's messages since the last Take(). Gaps between them reveal lost messages. */
class StampLog {
 public:
  static constexpr size_t kMax = 1024;

  StampLog() { stamps_.reserve(kMax); }

  /** Thread-safe; never allocates. When the log is full, the oldest half is dropped. */
  void Add(int32_t sec, uint32_t nanosec) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (stamps_.size() == kMax) stamps_.erase(stamps_.begin(), stamps_.begin() + kMax / 2);
    stamps_.push_back(sec * 1e3 + nanosec / 1e6);
  }

  /** @returns the stamps in milliseconds, in order of arrival, and clears the log */
  std::vector<double> Take() {
    std::vector<double> taken;
    taken.reserve(kMax);
    const std::lock_guard<std::mutex> lock(mutex_);
    taken.swap(stamps_);
    return taken;
  }

 private:
  std::mutex mutex_;
  std::vector<double> stamps_;
};

}  // namespace camera
