#pragma once

#include <memory>
#include <optional>

#include "bpu/abandonable_wait.h"
#include "bpu/input.h"
#include "bpu/model.h"
#include "bpu/outputs.h"
#include "bpu/quarantine.h"
#include "nv12/picture.h"

namespace bpu {

/** Scheduling parameters of hbDNNInfer and hbDNNWaitTaskDone. */
struct Schedule {
  /** 0: any. 1 and 2: the cores of X3. X5 has only core 1, and accepts 0 or 1. */
  int32_t core = 0;
  /** 0 to 255; higher runs first. */
  int32_t priority = 0;
  int32_t timeout_ms = 0;
};

struct SubmittedFrame {
  nv12::Source source;
  nv12::Content content;
};

/** Result of a frame. Times in milliseconds. */
struct Outcome {
  std::optional<Failure> failure;
  double preprocess = 0;
  double inference = 0;
};

/** One frame in flight: its output memory, allocated once, and its processing steps. */
class Slot {
 public:
  /** @throws Failure when there is not enough memory */
  Slot(std::shared_ptr<const Model> model, std::shared_ptr<Quarantine> quarantine, const Schedule& schedule);
  Slot(const Slot&) = delete;
  Slot& operator=(const Slot&) = delete;

  /**
   * Letterboxes the frame into the input, infers, and waits. Blocks; the task is always released. After a
   * timeout the slot has new outputs, or none until there is memory for them.
   * @param slot_input the input; replaced after a timeout
   * @param frame to letterbox; null when a camera has already written the input
   * @returns nothing when the thread was abandoned; `slot_input` may be dangling then
   */
  std::optional<Outcome> Run(std::shared_ptr<camera::ModelInput>& slot_input, const SubmittedFrame* frame,
                             AbandonableWait& wait) noexcept;

  /**
   * Makes the outputs of a successful run readable. Apart from Run(), because invalidating some 6 MB takes a
   * while: the BPU can have its next frame first.
   */
  void Collect(Outcome& outcome) noexcept;

  /** Null while there is no memory for outputs. */
  const std::shared_ptr<Outputs>& outputs() const { return outputs_; }

 private:
  struct WaitResult {
    int32_t status;
    /** False when the thread was abandoned meanwhile. */
    bool returned;
    /** For every other status, the BPU may still be working on the task. */
    bool finished() const { return status == HB_DNN_SUCCESS || status == HB_DNN_RUN_TASK_FAILED; }
  };

  bool RunFrame(Outcome& outcome, std::shared_ptr<camera::ModelInput>& slot_input,
                const SubmittedFrame* frame, AbandonableWait& wait);
  bool RunCanary(std::shared_ptr<camera::ModelInput>& slot_input, const SubmittedFrame* frame,
                 AbandonableWait& wait);
  bool EnsureMemory(std::shared_ptr<camera::ModelInput>& slot_input, bool written);
  void ReplaceMemory(std::shared_ptr<camera::ModelInput>& slot_input) noexcept;
  int32_t Submit(BpuInput& input, Outputs& outputs, int32_t core);
  WaitResult Infer(BpuInput& input, Outputs& outputs, Ticket& ticket, AbandonableWait& wait);

  const std::shared_ptr<const Model> model_;
  const std::shared_ptr<Quarantine> quarantine_;
  const Schedule schedule_;
  std::shared_ptr<Outputs> outputs_;
};

}  // namespace bpu
