#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace bpu {

/**
 * Lets one thread wait in hbDNNWaitTaskDone while another can abandon it. Nothing interrupts that call before
 * its timeout, so a shutdown that cannot wait that long abandons the waiting thread.
 *
 * Each task is waited for once, for its full timeout, and then released, as TROS does. The hbDNN API manual
 * guarantees nothing for a second wait on a timed-out task, nor for a release while another thread waits.
 */
class AbandonableWait {
 public:
  using Clock = std::chrono::steady_clock;

  /** Call before hbDNNWaitTaskDone. */
  void Enter();
  /** Call after hbDNNWaitTaskDone. @returns false when the thread was abandoned: it may then touch only what
   * it owns */
  bool Leave();
  /** Call as the thread's last action. */
  void ThreadEnded();
  /**
   * Waits until the thread has ended, or is still waiting in libdnn at `deadline`.
   * @returns whether the thread is abandoned
   */
  bool AbandonAfter(Clock::time_point deadline);

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool waiting_ = false;
  bool ended_ = false;
  bool abandoned_ = false;
};

}  // namespace bpu
