#include "bpu/abandonable_wait.h"

namespace bpu {

void AbandonableWait::Enter() {
  const std::lock_guard<std::mutex> lock(mutex_);
  waiting_ = true;
  changed_.notify_all();
}

bool AbandonableWait::Leave() {
  const std::lock_guard<std::mutex> lock(mutex_);
  waiting_ = false;
  return !abandoned_;
}

void AbandonableWait::ThreadEnded() {
  const std::lock_guard<std::mutex> lock(mutex_);
  ended_ = true;
  changed_.notify_all();
}

bool AbandonableWait::AbandonAfter(Clock::time_point deadline) {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait_until(lock, deadline, [this] { return ended_; });
  changed_.wait(lock, [this] { return ended_ || waiting_; });
  abandoned_ = !ended_;
  return abandoned_;
}

}  // namespace bpu
