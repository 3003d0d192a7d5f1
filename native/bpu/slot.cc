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

Slot::Slot(std::shared_ptr<const Model> model, std::shared_ptr<Quarantine> quarantine,
           const Schedule& schedule)
    : model_(std::move(model)),
      quarantine_(std::move(quarantine)),
      schedule_(schedule),
      outputs_(std::make_shared<Outputs>(*model_)) {}

std::optional<Outcome> Slot::Run(std::shared_ptr<camera::ModelInput>& slot_input, const SubmittedFrame* frame,
                                 AbandonableWait& wait) noexcept {
  Outcome outcome;
  try {
    if (!RunFrame(outcome, slot_input, frame, wait)) return {};
  } catch (Failure& failure) {
    outcome.failure = std::move(failure);
  } catch (...) {
    outcome.failure = OutOfMemory();
  }
  return outcome;
}

bool Slot::RunFrame(Outcome& outcome, std::shared_ptr<camera::ModelInput>& slot_input,
                    const SubmittedFrame* frame, AbandonableWait& wait) {
  auto start = Clock::now();
  if (!EnsureMemory(slot_input, frame == nullptr)) return RunCanary(slot_input, frame, wait);
  if (frame) nv12::Letterbox(frame->source, frame->content, slot_input->target());
  // `slot_input` may be dangling after the wait.
  const auto input = std::static_pointer_cast<BpuInput>(slot_input);
  input->Clean();
  outcome.preprocess = Milliseconds(start);

  start = Clock::now();
  Ticket ticket = quarantine_->BeginTask();
  const WaitResult result = Infer(*input, *outputs_, ticket, wait);
  if (result.finished()) {
    quarantine_->EndTask(ticket, result.status == HB_DNN_SUCCESS);
  } else {
    quarantine_->Add(ticket, input, std::move(outputs_));
    outputs_ = nullptr;
    if (result.returned) ReplaceMemory(slot_input);
  }
  if (!result.returned) return false;
  if (result.status == HB_DNN_TIMEOUT) {
    throw StatusFailure("a result within " + std::to_string(schedule_.timeout_ms) + " ms", result.status);
  }
  Check("hbDNNWaitTaskDone to succeed", result.status);
  outcome.inference = Milliseconds(start);
  return true;
}

void Slot::Collect(Outcome& outcome) noexcept {
  if (outcome.failure) return;
  const auto start = Clock::now();
  try {
    for (const auto& output : outputs_->memory) output->Invalidate();
  } catch (Failure& failure) {
    outcome.failure = std::move(failure);
  } catch (...) {
    outcome.failure = OutOfMemory();
  }
  outcome.inference += Milliseconds(start);
}

/**
 * Too much memory is quarantined for this frame, so it is lost. It is still submitted as the canary, to find
 * out whether the BPU works again.
 * @returns false when the thread was abandoned meanwhile
 */
bool Slot::RunCanary(std::shared_ptr<camera::ModelInput>& slot_input, const SubmittedFrame* frame,
                     AbandonableWait& wait) {
  Failure limit = quarantine_->LimitFailure();
  std::shared_ptr<BpuInput> input;
  std::shared_ptr<Outputs> outputs;
  std::optional<Ticket> ticket = quarantine_->BeginCanaryTask(input, outputs);
  if (!ticket) throw Failure(std::move(limit));
  const nv12::Target target = input->target();
  if (!ticket->written) {
    const nv12::Content all{0, 0, target.width, target.height};
    const nv12::Source source = frame ? frame->source : nv12::AsSource(slot_input->target());
    nv12::Letterbox(source, frame ? frame->content : all, target);
  }
  // The submission is refused while the BPU still uses this memory.
  bool begun = false;
  WaitResult result{};
  try {
    if (!ticket->written) input->Clean();
    begun = true;
    result = Infer(*input, *outputs, *ticket, wait);
  } catch (...) {
    if (!begun) quarantine_->EndTask(*ticket, false);
    throw Failure(std::move(limit));
  }
  if (result.finished()) {
    quarantine_->EndTask(*ticket, result.status == HB_DNN_SUCCESS);
  } else {
    quarantine_->AddCanary(*ticket);
  }
  if (!result.returned) return false;
  ReplaceMemory(slot_input);
  throw Failure(std::move(limit));
}

/**
 * After a timeout, gives the slot memory that is not quarantined.
 * @returns false while there is none
 */
bool Slot::EnsureMemory(std::shared_ptr<camera::ModelInput>& slot_input, bool written) {
  if (!outputs_) outputs_ = quarantine_->TakeOutputs();
  if (!outputs_) return false;
  if (!static_cast<BpuInput&>(*slot_input).quarantined()) return true;
  slot_input = quarantine_->TakeInput();
  if (written) {
    throw Failure("a free BPU input buffer", "none: all are held by timed-out frames",
                  "The next frame has one.");
  }
  return true;
}

/** Prepares the memory for the next frame. */
void Slot::ReplaceMemory(std::shared_ptr<camera::ModelInput>& slot_input) noexcept {
  try {
    EnsureMemory(slot_input, false);
  } catch (...) {
    // The next frame tries again and reports the failure.
  }
}

int32_t Slot::Submit(BpuInput& input, Outputs& outputs, int32_t core) {
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

/** @throws Failure when the task is refused. The ticket has then ended; otherwise the caller must end it */
Slot::WaitResult Slot::Infer(BpuInput& input, Outputs& outputs, Ticket& ticket, AbandonableWait& wait) {
  int32_t accepted = Submit(input, outputs, ticket.core);
  if (accepted != HB_DNN_SUCCESS && ticket.probe) {
    // For the canary, its memory may be the reason for the refusal, rather than the core.
    const bool core_missing = accepted == HB_DNN_INVALID_ARGUMENT && !ticket.canary;
    accepted = Submit(input, outputs, HB_BPU_CORE_ANY);
    if (accepted == HB_DNN_SUCCESS) quarantine_->CoreRefused(ticket, core_missing);
  }
  if (accepted != HB_DNN_SUCCESS) {
    quarantine_->EndTask(ticket, false);
    throw StatusFailure("hbDNNInfer to accept a frame", accepted);
  }
  wait.Enter();
  const int32_t status = model_->library()->hbDNNWaitTaskDone(outputs.task, schedule_.timeout_ms);
  const bool returned = wait.Leave();
  model_->library()->hbDNNReleaseTask(outputs.task);
  return {status, returned};
}

}  // namespace bpu
