#include "bpu/slot.h"

#include <chrono>
#include <string>
#include <utility>

#include "nv12/letterbox.h"

namespace bpu {
namespace {

using Clock = std::chrono::steady_clock;

double Milliseconds(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

}  // namespace

void Away::Leave() {
  const std::lock_guard<std::mutex> lock(mutex_);
  away_ = true;
  changed_.notify_all();
}

bool Away::Return() {
  const std::lock_guard<std::mutex> lock(mutex_);
  away_ = false;
  return !given_up_;
}

void Away::End() {
  const std::lock_guard<std::mutex> lock(mutex_);
  ended_ = true;
  changed_.notify_all();
}

bool Away::GiveUp(Clock::time_point deadline) {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait_until(lock, deadline, [this] { return ended_; });
  changed_.wait(lock, [this] { return ended_ || away_; });
  given_up_ = !ended_;
  return given_up_;
}

Slot::Slot(std::shared_ptr<const Model> model, std::shared_ptr<Quarantine> quarantine,
           const Schedule& schedule)
    : model_(std::move(model)),
      quarantine_(std::move(quarantine)),
      schedule_(schedule),
      outputs_(std::make_shared<Outputs>(*model_)) {}

std::optional<Outcome> Slot::Run(std::shared_ptr<camera::Input>& place, const Frame* frame,
                                 Away& away) noexcept {
  Outcome outcome;
  try {
    if (!Work(outcome, place, frame, away)) return {};
  } catch (Failure& failure) {
    outcome.failure = std::move(failure);
  } catch (...) {
    outcome.failure = OutOfMemory();
  }
  return outcome;
}

bool Slot::Work(Outcome& outcome, std::shared_ptr<camera::Input>& place, const Frame* frame, Away& away) {
  auto start = Clock::now();
  Equip(place, frame == nullptr);
  if (frame) nv12::Letterbox(frame->source, frame->content, place->target());
  static_cast<Input&>(*place).Clean();
  outcome.preprocess = Milliseconds(start);

  start = Clock::now();
  if (!Infer(place, away)) return false;
  for (const auto& output : outputs_->memory) output->Invalidate();
  outcome.inference = Milliseconds(start);
  return true;
}

/** Memory that is not held, after a frame that timed out. */
void Slot::Equip(std::shared_ptr<camera::Input>& place, bool written) {
  if (!outputs_) outputs_ = quarantine_->TakeOutputs();
  if (!static_cast<Input&>(*place).held()) return;
  place = quarantine_->TakeInput();
  if (written) {
    throw Failure("a frame in memory of its own", "one in that of a frame that timed out",
                  "There was no other memory then; there is for the next frame.");
  }
}

int32_t Slot::Submit(Input& input, int32_t core) {
  Outputs& outputs = *outputs_;
  outputs.task = nullptr;
  outputs.input = input.tensor();
  outputs.pointer = outputs.tensors.data();
  outputs.control = {};
  outputs.control.bpuCoreId = core;
  outputs.control.priority = schedule_.priority;
  return model_->library()->hbDNNInfer(&outputs.task, &outputs.pointer, &outputs.input, model_->handle(),
                                       &outputs.control);
}

/** @returns false when the thread was given up meanwhile */
bool Slot::Infer(std::shared_ptr<camera::Input>& place, Away& away) {
  const Library& library = *model_->library();
  // `place` may be gone after the wait.
  const auto input = std::static_pointer_cast<Input>(place);
  Ticket ticket = quarantine_->Begin();
  int32_t accepted = Submit(*input, ticket.core);
  if (accepted == HB_DNN_INVALID_ARGUMENT && ticket.probe) {
    accepted = Submit(*input, HB_BPU_CORE_ANY);
    if (accepted == HB_DNN_SUCCESS) quarantine_->Lacks(ticket);
  }
  if (accepted != HB_DNN_SUCCESS) {
    if (outputs_->task) library.hbDNNReleaseTask(outputs_->task);
    quarantine_->End(ticket, false);
    throw StatusFailure("hbDNNInfer to accept a frame", accepted);
  }

  away.Leave();
  const int32_t status = library.hbDNNWaitTaskDone(outputs_->task, schedule_.timeout_ms);
  const bool awaited = away.Return();
  library.hbDNNReleaseTask(outputs_->task);
  // Whatever else it says, the BPU may still be at work.
  if (status == HB_DNN_SUCCESS || status == HB_DNN_RUN_TASK_FAILED) {
    quarantine_->End(ticket, status == HB_DNN_SUCCESS);
  } else {
    quarantine_->Hold(ticket, input, std::move(outputs_));
    outputs_ = nullptr;
    try {
      if (awaited) Equip(place, false);
    } catch (...) {
      // The next frame tries again, and tells.
    }
  }
  if (!awaited) return false;
  if (status == HB_DNN_TIMEOUT) {
    throw StatusFailure("a result within " + std::to_string(schedule_.timeout_ms) + " ms", status);
  }
  Check("hbDNNWaitTaskDone to succeed", status);
  return true;
}

}  // namespace bpu
