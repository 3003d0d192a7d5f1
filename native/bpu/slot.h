#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>

#include "bpu/input.h"
#include "bpu/model.h"
#include "bpu/outputs.h"
#include "bpu/quarantine.h"
#include "nv12/picture.h"

namespace bpu {

/** How the BPU is asked to run. */
struct Schedule {
  /** 0 any, 1 and 2 the cores of X3; X5 has core 1 only and takes 0. */
  int32_t core = 0;
  /** 0 to 255, higher first. */
  int32_t priority = 0;
  int32_t timeout_ms = 0;
};

struct Frame {
  nv12::Source source;
  nv12::Content content;
};

/** What came of a frame; milliseconds. */
struct Outcome {
  std::optional<Failure> failure;
  double preprocess = 0;
  double inference = 0;
};

/**
 * A thread that is away in hbDNNWaitTaskDone, which nothing ends before its time-out: whoever cannot wait
 * that long gives the thread up.
 *
 * Each task is waited for once, for the whole of its time-out, and then released, as TROS does. The manual
 * promises nothing of a second wait for a task that timed out, nor of a release while another thread waits.
 */
class Away {
 public:
  using Clock = std::chrono::steady_clock;

  void Leave();
  /** @returns false when the thread was given up: it may touch only what it owns */
  bool Return();
  /** The thread ends. */
  void End();
  /** Waits until the thread has ended, or is still away at `deadline`: @returns true when it is given up */
  bool GiveUp(Clock::time_point deadline);

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool away_ = false;
  bool ended_ = false;
  bool given_up_ = false;
};

/** One frame in flight: its output memory, allocated once, and what is done with it. */
class Slot {
 public:
  /** @throws Failure when there is not enough memory */
  Slot(std::shared_ptr<const Model> model, std::shared_ptr<Quarantine> quarantine, const Schedule& schedule);
  Slot(const Slot&) = delete;
  Slot& operator=(const Slot&) = delete;

  /**
   * Letterbox into the input, infer, wait, make the outputs readable. Blocks; the task is always released.
   * After one that timed out the slot has other outputs, or none until there is memory for them.
   *
   * @param place has the input, and another one after a task that timed out
   * @param frame to letterbox; null when the input is written already
   * @returns nothing when the thread was given up; `place` may be gone then
   */
  std::optional<Outcome> Run(std::shared_ptr<camera::Input>& place, const Frame* frame, Away& away) noexcept;

  /** Null while there is no memory for them. */
  const std::shared_ptr<Outputs>& outputs() const { return outputs_; }

 private:
  struct Wait {
    int32_t status;
    /** Otherwise the thread was given up meanwhile. */
    bool awaited;
    /** Whatever else libdnn says, the BPU may still be at work. */
    bool over() const { return status == HB_DNN_SUCCESS || status == HB_DNN_RUN_TASK_FAILED; }
  };

  bool Work(Outcome& outcome, std::shared_ptr<camera::Input>& place, const Frame* frame, Away& away);
  bool Prove(std::shared_ptr<camera::Input>& place, const Frame* frame, Away& away);
  bool Equip(std::shared_ptr<camera::Input>& place, bool written);
  void Restore(std::shared_ptr<camera::Input>& place) noexcept;
  int32_t Submit(Input& input, Outputs& outputs, int32_t core);
  Wait Infer(Input& input, Outputs& outputs, Ticket& ticket, Away& away);

  const std::shared_ptr<const Model> model_;
  const std::shared_ptr<Quarantine> quarantine_;
  const Schedule schedule_;
  std::shared_ptr<Outputs> outputs_;
};

}  // namespace bpu
