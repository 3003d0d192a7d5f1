#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace bpu {

/**
 * A thread that is wait in hbDNNWaitTaskDone, which nothing ends before its time-out: whoever cannot wait
 * that long gives the thread up.
 *
 * Each task is waited for once, for the whole of its time-out, and then released, as TROS does. The manual
 * promises nothing of a second wait for a task that timed out, nor of a release while another thread waits.
 */
class AbandonableWait {
 public:
  using Clock = std::chrono::steady_clock;

  void Enter();
  /** @returns false when the thread was given up: it may touch only what it owns */
  bool Leave();
  /** The thread ends. */
  void ThreadEnded();
  /** Waits until the thread has ended, or is still wait at `deadline`: @returns true when it is given up */
  bool AbandonAfter(Clock::time_point deadline);

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool waiting_ = false;
  bool ended_ = false;
  bool abandoned_ = false;
};

}  // namespace bpu
