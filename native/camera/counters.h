#pragma once

#include <cstdint>
#include <mutex>
#include <optional>

#include "../failure.h"

namespace camera {

/** What became of a camera's frames: received = skipped + dropped + failed + discarded + submitted + those
 * that wait or are written. */
struct CameraCounters {
  uint64_t received = 0;
  /** Not taken because of a limit of the rate. */
  uint64_t skipped = 0;
  /** Replaced by a newer one while no slot was free. */
  uint64_t dropped = 0;
  /** Not readable. */
  uint64_t failed = 0;
  /** No engine attached, or waiting when it was detached. */
  uint64_t discarded = 0;
  /** Given to a slot. */
  uint64_t submitted = 0;

  /** Frames that were not NV12 and cost one more pass. */
  uint64_t converted = 0;
  /** Full pictures copied for those who look, and those that could not be because all buffers were lent. */
  uint64_t pixel_copies = 0;
  uint64_t pixels_missed = 0;
  /** Bytes of messages that were gone through, and bytes written because of them, whatever for. */
  uint64_t bytes_read = 0;
  uint64_t bytes_written = 0;
  /** Milliseconds of the longest callback. */
  double slowest = 0;
  std::optional<Failure> last_failure;
  /** What may be wrong with the frames that come now, though they are read. */
  std::optional<Failure> warning;
};

/** CameraCounters that threads share. */
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
