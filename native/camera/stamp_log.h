#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

namespace camera {

/** Stamps of a camera's messages until somebody asks for them: gaps between them tell of messages that did
 * not come. */
class StampLog {
 public:
  static constexpr size_t kMax = 1024;

  StampLog() { stamps_.reserve(kMax); }

  /** From any thread; never allocates. When nobody asks, the oldest half is forgotten. */
  void Add(int32_t sec, uint32_t nanosec) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (stamps_.size() == kMax) stamps_.erase(stamps_.begin(), stamps_.begin() + kMax / 2);
    stamps_.push_back(sec * 1e3 + nanosec / 1e6);
  }

  /** @returns milliseconds, in the order in which they came; they are forgotten then */
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
