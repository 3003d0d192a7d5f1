#pragma once

#include <algorithm>
#include <chrono>

namespace camera {

/** Lets frames through at a rate at most: the arithmetic of src/node/segment/pace.ts. Not for several
 * threads. */
class Pace {
 public:
  using Clock = std::chrono::steady_clock;

  /** @param period between frames; 0: all are let through */
  void Limit(Clock::duration period) {
    period_ = period;
    started_ = false;
  }

  /** @returns whether the frame that came at `now` is to be taken */
  bool Take(Clock::time_point now) {
    if (period_ == Clock::duration::zero()) return true;
    if (!started_) {
      started_ = true;
      due_ = now;
    }
    // A camera whose frames come a little early must not lose every other one.
    if (now < due_ - period_ / 4) return false;
    // Late frames do not slow it down for good, and a pause is not made up for.
    due_ = std::max(due_, now - period_) + period_;
    return true;
  }

 private:
  Clock::duration period_{0};
  Clock::time_point due_;
  bool started_ = false;
};

}  // namespace camera
