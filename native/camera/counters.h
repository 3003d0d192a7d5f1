#pragma once

#include <cstdint>
#include <mutex>
#include <optional>

#include "../failure.h"

namespace camera {

/**
 * Frame counts: received = skipped + dropped + failed + discarded + submitted + frames that wait or are being
 * written.
 */
struct CameraCounters {
  uint64_t received = 0;
  /** Skipped by the rate limit. */
  uint64_t skipped = 0;
  /** Replaced by a newer frame while no slot was free. */
  uint64_t dropped = 0;
  /** Unreadable. */
  uint64_t failed = 0;
  /** No engine was attached, or the frame was waiting when its engine was detached. */
  uint64_t discarded = 0;
  /** Got a slot. */
  uint64_t submitted = 0;

  /** Frames that were not NV12 and needed an extra pass. */
  uint64_t converted = 0;
  /** Full pictures that were copied, and those that were not because all buffers were lent. */
  uint64_t pixel_copies = 0;
  uint64_t pixels_missed = 0;
  /** Bytes read from messages and bytes written for them, for any purpose. */
  uint64_t bytes_read = 0;
  uint64_t bytes_written = 0;
  /** Duration of the longest callback in milliseconds. */
  double slowest = 0;
  std::optional<Failure> last_failure;
  /** A possible problem with current frames, which are still read. */
  std::optional<Failure> warning;
};

/** CameraCounters shared between threads. */
class SharedCounters {
 public:
  template <typename Change>
  void Update(const Change& change) {
    const std::lock_guard<std::mutex> lock(mutex_);
    change(counters_);
  }
  CameraCounters Read() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return counters_;
  }

 private:
  mutable std::mutex mutex_;
  CameraCounters counters_;
};

}  // namespace camera
