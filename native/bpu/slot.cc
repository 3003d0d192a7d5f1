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
  if (!Equip(place, frame == nullptr)) return Prove(place, frame, away);
  if (frame) nv12::Letterbox(frame->source, frame->content, place->target());
  // `place` may be gone after the wait.
  const auto input = std::static_pointer_cast<Input>(place);
  input->Clean();
  outcome.preprocess = Milliseconds(start);

  start = Clock::now();
  Ticket ticket = quarantine_->Begin();
  const Wait wait = Infer(*input, *outputs_, ticket, away);
  if (wait.over()) {
    quarantine_->End(ticket, wait.status == HB_DNN_SUCCESS);
  } else {
    quarantine_->Hold(ticket, input, std::move(outputs_));
    outputs_ = nullptr;
    if (wait.awaited) Restore(place);
  }
  if (!wait.awaited) return false;
  if (wait.status == HB_DNN_TIMEOUT) {
    throw StatusFailure("a result within " + std::to_string(schedule_.timeout_ms) + " ms", wait.status);
  }
  Check("hbDNNWaitTaskDone to succeed", wait.status);
  for (const auto& output : outputs_->memory) output->Invalidate();
  outcome.inference = Milliseconds(start);
  return true;
}

/**
 * A frame for which there is no memory, as too much is held: it is lost, but may show that the BPU works
 * again.
 * @returns false when the thread was given up meanwhile
 */
bool Slot::Prove(std::shared_ptr<camera::Input>& place, const Frame* frame, Away& away) {
  Failure limit = quarantine_->Limit();
  std::shared_ptr<Input> input;
  std::shared_ptr<Outputs> outputs;
  std::optional<Ticket> ticket = quarantine_->BeginCanary(input, outputs);
  if (!ticket) throw Failure(std::move(limit));
  const nv12::Target target = input->target();
  if (!ticket->written) {
    const nv12::Content all{0, 0, target.width, target.height};
    const nv12::Source source = frame ? frame->source : nv12::AsSource(place->target());
    nv12::Letterbox(source, frame ? frame->content : all, target);
  }
  // Refused where the BPU still works on this very memory.
  bool begun = false;
  Wait wait{};
  try {
    if (!ticket->written) input->Clean();
    begun = true;
    wait = Infer(*input, *outputs, *ticket, away);
  } catch (...) {
    if (!begun) quarantine_->End(*ticket, false);
    throw Failure(std::move(limit));
  }
  if (wait.over()) {
    quarantine_->End(*ticket, wait.status == HB_DNN_SUCCESS);
  } else {
    quarantine_->HoldCanary(*ticket);
  }
  if (!wait.awaited) return false;
  Restore(place);
  throw Failure(std::move(limit));
}

/** Memory that is not held, after a frame that timed out. @returns false while there is none */
bool Slot::Equip(std::shared_ptr<camera::Input>& place, bool written) {
  if (!outputs_) outputs_ = quarantine_->TakeOutputs();
  if (!outputs_) return false;
  if (!static_cast<Input&>(*place).held()) return true;
  place = quarantine_->TakeInput();
  if (written) {
    throw Failure("a free BPU input buffer", "none: all are held by timed-out frames",
                  "There is one for the next frame.");
  }
  return true;
}

/** For the next frame. */
void Slot::Restore(std::shared_ptr<camera::Input>& place) noexcept {
  try {
    Equip(place, false);
  } catch (...) {
    // That one tries again, and tells.
  }
}

int32_t Slot::Submit(Input& input, Outputs& outputs, int32_t core) {
  outputs.task = nullptr;
  outputs.input = input.tensor();
  outputs.pointer = outputs.tensors.data();
  outputs.control = {};
  outputs.control.bpuCoreId = core;
  outputs.control.priority = schedule_.priority;
  const Library& library = *model_->library();
  const int32_t status =
      library.hbDNNInfer(&outputs.task, &outputs.pointer, &outputs.input, model_->handle(), &outputs.control);
  if (status != HB_DNN_SUCCESS && outputs.task) library.hbDNNReleaseTask(outputs.task);
  return status;
}

/** @throws Failure when the task is refused; then the ticket has ended, otherwise it is to be */
Slot::Wait Slot::Infer(Input& input, Outputs& outputs, Ticket& ticket, Away& away) {
  int32_t accepted = Submit(input, outputs, ticket.core);
  if (accepted != HB_DNN_SUCCESS && ticket.probe) {
    // The canary's memory may be what is refused.
    const bool lacks = accepted == HB_DNN_INVALID_ARGUMENT && !ticket.canary;
    accepted = Submit(input, outputs, HB_BPU_CORE_ANY);
    if (accepted == HB_DNN_SUCCESS) quarantine_->Refused(ticket, lacks);
  }
  if (accepted != HB_DNN_SUCCESS) {
    quarantine_->End(ticket, false);
    throw StatusFailure("hbDNNInfer to accept a frame", accepted);
  }
  away.Leave();
  const int32_t status = model_->library()->hbDNNWaitTaskDone(outputs.task, schedule_.timeout_ms);
  const bool awaited = away.Return();
  model_->library()->hbDNNReleaseTask(outputs.task);
  return {status, awaited};
}

}  // namespace bpu
