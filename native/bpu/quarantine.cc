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

}  // namespace

Quarantine::Quarantine(std::shared_ptr<const Model> model, int32_t core, size_t most, size_t slots)
    : model_(std::move(model)),
      core_(core),
      most_(most),
      cores_(core == HB_BPU_CORE_ANY ? kBothCores : Bit(core)),
      counted_(core != HB_BPU_CORE_ANY) {
  held_.reserve(most + slots);
  inputs_.reserve(most + slots);
  outputs_.reserve(most + slots);
}

Quarantine::~Quarantine() {
  if (held_.empty()) return;
  model_->Keep();
  left_behind += held_.size();
  for (Held& held : held_) Outputs::Leave(std::move(held.outputs));
}

Ticket Quarantine::Begin() {
  const std::lock_guard<std::mutex> lock(mutex_);
  Ticket ticket{++begun_, core_, false};
  // Where there is one core, it need not be asked for.
  if (held_.empty() || probing_ || core_ != HB_BPU_CORE_ANY || cores_ != kBothCores) return ticket;
  if (counted_) {
    unsigned unproven = 0;
    for (const Held& held : held_) unproven |= held.unproven;
    if (well_ < patience_) return ticket;
    ticket.core = (unproven & Bit(HB_BPU_CORE_0)) ? HB_BPU_CORE_0 : HB_BPU_CORE_1;
  } else {
    ticket.core = HB_BPU_CORE_1;
  }
  ticket.probe = true;
  probing_ = true;
  return ticket;
}

void Quarantine::Lacks(Ticket& ticket) {
  const std::lock_guard<std::mutex> lock(mutex_);
  cores_ &= ~Bit(ticket.core);
  counted_ = true;
  probing_ = false;
  ticket.core = HB_BPU_CORE_ANY;
  ticket.probe = false;
}

void Quarantine::End(const Ticket& ticket, bool succeeded) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (ticket.probe) probing_ = false;
  if (!succeeded) return;
  well_++;
  if (ticket.probe) {
    counted_ = true;
    patience_ = kPatience;
  }
  if (held_.empty()) return;
  unsigned proven = 0;
  if (ticket.core != HB_BPU_CORE_ANY) proven = Bit(ticket.core);
  if (cores_ != kBothCores) proven = kBothCores;
  if (proven == 0) return;
  for (Held& held : held_) {
    if (ticket.number > held.after) held.unproven &= ~proven;
  }
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
  if (ticket.probe) {
    probing_ = false;
    if (counted_) patience_ *= 2;
    counted_ = true;
  }
  well_ = 0;
  const unsigned unproven = ticket.core == HB_BPU_CORE_ANY ? kBothCores : Bit(ticket.core);
  held_.push_back({std::move(input), std::move(outputs), begun_, unproven});
}

std::shared_ptr<Outputs> Quarantine::TakeOutputs() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!outputs_.empty()) {
    // The one that has been free for longest.
    auto outputs = std::move(outputs_.front());
    outputs_.erase(outputs_.begin());
    return outputs;
  }
  const size_t all = held_.size() + left_behind;
  if (held_.size() >= most_ || all >= kMostInProcess) {
    throw Failure("the BPU to let go of frames that timed out",
                  std::to_string(all) + " frames that it has not",
                  "The BPU hangs: restart this process, or the board if that does not help.");
  }
  return std::make_shared<Outputs>(*model_);
}

std::shared_ptr<Input> Quarantine::TakeInput() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (inputs_.empty()) return std::make_shared<Input>(*model_);
  auto input = std::move(inputs_.front());
  inputs_.erase(inputs_.begin());
  return input;
}

}  // namespace bpu
