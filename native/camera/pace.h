#pragma once

#include <algorithm>
#include <chrono>

namespace camera {

/** Limits the frame rate. Same arithmetic as src/node/segment/pace.ts. Not thread-safe. */
class Pace {
 public:
  using Clock = std::chrono::steady_clock;

  /** @param period minimum time between frames; 0 for no limit */
  void SetMinPeriod(Clock::duration period) {
    period_ = period;
    started_ = false;
  }

  /** @returns whether to take the frame that arrived at `now` */
  bool Take(Clock::time_point now) {
    if (period_ == Clock::duration::zero()) return true;
    if (!started_) {
      started_ = true;
      due_ = now;
    }
    // Tolerate frames that come slightly early; otherwise every other frame of such a camera would be lost.
    if (now < due_ - period_ / 4) return false;
    // Late frames do not lower the rate permanently, and pauses are not made up for.
    due_ = std::max(due_, now - period_) + period_;
    return true;
  }

 private:
  Clock::duration period_{0};
  Clock::time_point due_;
  bool started_ = false;
};

}  // namespace camera
