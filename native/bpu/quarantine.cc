#include "bpu/quarantine.h"

#include <algorithm>
#include <atomic>
#include <string>
#include <utility>

namespace bpu {
namespace {

constexpr unsigned kBothCores = 3;
/** Tasks of engines that are closed, whose memory nobody can prove to be free any more. */
std::atomic<size_t> left_behind{0};
/** Of all engines of a process together: for those that are opened again and again. */
constexpr size_t kMostInProcess = 64;

unsigned Bit(int32_t core) { return 1u << (core - HB_BPU_CORE_0); }

/** Those that may work for the task. */
unsigned CoresOf(const Ticket& ticket) {
  return ticket.core == HB_BPU_CORE_ANY ? kBothCores : Bit(ticket.core);
}

}  // namespace

Quarantine::Quarantine(std::shared_ptr<const Model> model, int32_t core, size_t most, size_t slots)
    : model_(std::move(model)),
      core_(core),
      most_(most),
      cores_(core == HB_BPU_CORE_ANY ? kBothCores : Bit(core)),
      counted_(core != HB_BPU_CORE_ANY) {
  held_.reserve(most + slots + 1);
  inputs_.reserve(most + slots);
  outputs_.reserve(most + slots);
}

Quarantine::~Quarantine() {
  if (canary_.outputs && canary_.unproven != 0) {
    canary_.input->Hold(true);
    canary_.outputs->Hold(true);
    held_.push_back(std::move(canary_));
  }
  if (held_.empty()) return;
  model_->Keep();
  left_behind += held_.size();
  for (Held& held : held_) Outputs::Leave(std::move(held.outputs));
}

Ticket Quarantine::Begin() {
  const std::lock_guard<std::mutex> lock(mutex_);
  Ticket ticket{++begun_, core_, false, false, false};
  // Never with the last memory: a core that hangs for good would have that, too.
  const uint64_t patience = held_.size() >= most_ / 2 ? kLeastPatience : patience_;
  const bool probe = !counted_ || (well_ >= patience && held_.size() + 1 < most_);
  if (!held_.empty() && probe) Probe(ticket);
  return ticket;
}

std::optional<Ticket> Quarantine::BeginCanary(std::shared_ptr<Input>& input,
                                              std::shared_ptr<Outputs>& outputs) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (canary_busy_ || held_.empty()) return {};
  if (!canary_.input) canary_.input = std::make_shared<Input>(*model_);
  if (!canary_.outputs) canary_.outputs = std::make_shared<Outputs>(*model_);
  input = canary_.input;
  outputs = canary_.outputs;
  canary_busy_ = true;
  Ticket ticket{++begun_, core_, false, true, canary_.unproven != 0};
  Probe(ticket);
  return ticket;
}

void Quarantine::Probe(Ticket& ticket) {
  // Where there is one core, it need not be asked for.
  if (probing_ || core_ != HB_BPU_CORE_ANY || cores_ != kBothCores) return;
  ticket.core = HB_BPU_CORE_1;
  if (counted_) {
    unsigned unproven = 0;
    for (const Held& held : held_) unproven |= held.unproven;
    // Of two, not again the one that just failed: the other's success may do for some of the memory.
    const bool both = unproven == kBothCores;
    if (both ? doubtful_ != HB_BPU_CORE_0 : (unproven & Bit(HB_BPU_CORE_0)) != 0) ticket.core = HB_BPU_CORE_0;
  }
  ticket.probe = true;
  probing_ = true;
}

void Quarantine::Refused(Ticket& ticket, bool lacks) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (lacks) {
    cores_ &= ~Bit(ticket.core);
    counted_ = true;
    probing_ = false;
  } else {
    Missed(ticket);
  }
  ticket.core = HB_BPU_CORE_ANY;
  ticket.probe = false;
}

void Quarantine::Missed(const Ticket& ticket) {
  if (!ticket.probe) return;
  probing_ = false;
  if (counted_) patience_ = std::min(patience_ * 2, kMostPatience);
  counted_ = true;
  doubtful_ = ticket.core;
  well_ = 0;
}

void Quarantine::End(const Ticket& ticket, bool succeeded) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (ticket.canary) canary_busy_ = false;
  if (!succeeded) return Missed(ticket);
  well_++;
  if (ticket.probe) {
    probing_ = false;
    counted_ = true;
    patience_ = kPatience;
    if (doubtful_ == ticket.core) doubtful_ = HB_BPU_CORE_ANY;
  }
  if (held_.empty()) return;
  unsigned proven = 0;
  if (ticket.core != HB_BPU_CORE_ANY) proven = Bit(ticket.core);
  if (cores_ != kBothCores) proven = kBothCores;
  if (proven == 0) return;
  const auto prove = [&](Held& held) {
    if (ticket.number > held.after) held.unproven &= ~proven;
  };
  prove(canary_);
  for (Held& held : held_) prove(held);
  const auto over = std::partition(held_.begin(), held_.end(), [](const Held& h) { return h.unproven != 0; });
  std::for_each(over, held_.end(), [this](Held& held) { TakeBack(held); });
  held_.erase(over, held_.end());
}

void Quarantine::TakeBack(Held& held) {
  held.input->Hold(false);
  held.outputs->Hold(false);
  outputs_.push_back(std::move(held.outputs));
  // A slot that found no other memory has it still.
  if (held.input.use_count() == 1) inputs_.push_back(std::move(held.input));
}

void Quarantine::Hold(const Ticket& ticket, std::shared_ptr<Input> input, std::shared_ptr<Outputs> outputs) {
  input->Hold(true);
  outputs->Hold(true);
  const std::lock_guard<std::mutex> lock(mutex_);
  Missed(ticket);
  well_ = 0;
  held_.push_back({std::move(input), std::move(outputs), begun_, CoresOf(ticket)});
}

void Quarantine::HoldCanary(const Ticket& ticket) {
  const std::lock_guard<std::mutex> lock(mutex_);
  Missed(ticket);
  well_ = 0;
  canary_busy_ = false;
  canary_.after = begun_;
  canary_.unproven |= CoresOf(ticket);
}

std::shared_ptr<Outputs> Quarantine::TakeOutputs() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!outputs_.empty()) {
    // The one that has been free for longest.
    auto outputs = std::move(outputs_.front());
    outputs_.erase(outputs_.begin());
    return outputs;
  }
  if (held_.size() >= most_ || held_.size() + left_behind >= kMostInProcess) return nullptr;
  return std::make_shared<Outputs>(*model_);
}

Failure Quarantine::Limit() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return {"the BPU to finish timed-out frames",
          std::to_string(held_.size() + left_behind) + " that are still outstanding",
          "Frames go on when the BPU works again. If it does not, restart this process, or the board if that "
          "does not help."};
}

std::shared_ptr<Input> Quarantine::TakeInput() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (inputs_.empty()) return std::make_shared<Input>(*model_);
  auto input = std::move(inputs_.front());
  inputs_.erase(inputs_.begin());
  return input;
}

}  // namespace bpu
