#include "bpu/quarantine.h"

#include <algorithm>
#include <atomic>
#include <string>
#include <utility>

namespace bpu {
namespace {

constexpr unsigned kBothCores = 3;
/** Timed-out tasks of closed engines. No later task can prove that their memory is free. */
std::atomic<size_t> orphaned_tasks{0};
/** Limit for all engines of a process together, so that reopening an engine cannot leak without bound. */
constexpr size_t kMaxInProcess = 64;

unsigned Bit(int32_t core) { return 1u << (core - HB_BPU_CORE_0); }

/** The cores that may run the task. */
unsigned CoresOf(const Ticket& ticket) {
  return ticket.core == HB_BPU_CORE_ANY ? kBothCores : Bit(ticket.core);
}

}  // namespace

Quarantine::Quarantine(std::shared_ptr<const Model> model, int32_t core, size_t max_entries, size_t slots)
    : model_(std::move(model)),
      core_(core),
      max_entries_(max_entries),
      cores_(core == HB_BPU_CORE_ANY ? kBothCores : Bit(core)),
      cores_known_(core != HB_BPU_CORE_ANY) {
  entries_.reserve(max_entries + slots + 1);
  inputs_.reserve(max_entries + slots);
  outputs_.reserve(max_entries + slots);
}

Quarantine::~Quarantine() {
  if (canary_.outputs && canary_.unproven_cores != 0) {
    canary_.input->SetQuarantined(true);
    canary_.outputs->SetQuarantined(true);
    entries_.push_back(std::move(canary_));
  }
  if (entries_.empty()) return;
  model_->NeverRelease();
  orphaned_tasks += entries_.size();
  for (Entry& entry : entries_) Outputs::KeepForever(std::move(entry.outputs));
}

Ticket Quarantine::BeginTask() {
  const std::lock_guard<std::mutex> lock(mutex_);
  Ticket ticket{++submitted_, core_, false, false, false};
  // Never risk the last free entry: a core that hangs for good would take that one as well.
  const uint64_t probe_interval = entries_.size() >= max_entries_ / 2 ? kMinProbeInterval : probe_interval_;
  const bool probe = !cores_known_ || (successes_ >= probe_interval && entries_.size() + 1 < max_entries_);
  if (!entries_.empty() && probe) Probe(ticket);
  return ticket;
}

std::optional<Ticket> Quarantine::BeginCanaryTask(std::shared_ptr<BpuInput>& input,
                                                  std::shared_ptr<Outputs>& outputs) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (canary_busy_ || entries_.empty()) return {};
  if (!canary_.input) canary_.input = std::make_shared<BpuInput>(*model_);
  if (!canary_.outputs) canary_.outputs = std::make_shared<Outputs>(*model_);
  input = canary_.input;
  outputs = canary_.outputs;
  canary_busy_ = true;
  Ticket ticket{++submitted_, core_, false, true, canary_.unproven_cores != 0};
  Probe(ticket);
  return ticket;
}

void Quarantine::Probe(Ticket& ticket) {
  // With a single core there is nothing to choose.
  if (probing_ || core_ != HB_BPU_CORE_ANY || cores_ != kBothCores) return;
  ticket.core = HB_BPU_CORE_1;
  if (cores_known_) {
    unsigned unproven_cores = 0;
    for (const Entry& entry : entries_) unproven_cores |= entry.unproven_cores;
    // Do not ask again for the core that just failed: success on the other one may already free some of the
    // memory.
    const bool both = unproven_cores == kBothCores;
    if (both ? failed_core_ != HB_BPU_CORE_0 : (unproven_cores & Bit(HB_BPU_CORE_0)) != 0)
      ticket.core = HB_BPU_CORE_0;
  }
  ticket.probe = true;
  probing_ = true;
}

void Quarantine::CoreRefused(Ticket& ticket, bool core_missing) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (core_missing) {
    cores_ &= ~Bit(ticket.core);
    cores_known_ = true;
    probing_ = false;
  } else {
    ProbeFailed(ticket);
  }
  ticket.core = HB_BPU_CORE_ANY;
  ticket.probe = false;
}

void Quarantine::ProbeFailed(const Ticket& ticket) {
  if (!ticket.probe) return;
  probing_ = false;
  if (cores_known_) probe_interval_ = std::min(probe_interval_ * 2, kMaxProbeInterval);
  cores_known_ = true;
  failed_core_ = ticket.core;
  successes_ = 0;
}

void Quarantine::EndTask(const Ticket& ticket, bool succeeded) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (ticket.canary) canary_busy_ = false;
  if (!succeeded) return ProbeFailed(ticket);
  successes_++;
  if (ticket.probe) {
    probing_ = false;
    cores_known_ = true;
    probe_interval_ = kProbeInterval;
    if (failed_core_ == ticket.core) failed_core_ = HB_BPU_CORE_ANY;
  }
  if (entries_.empty()) return;
  unsigned proven = 0;
  if (ticket.core != HB_BPU_CORE_ANY) proven = Bit(ticket.core);
  if (cores_ != kBothCores) proven = kBothCores;
  if (proven == 0) return;
  const auto prove = [&](Entry& entry) {
    if (ticket.number > entry.after) entry.unproven_cores &= ~proven;
  };
  prove(canary_);
  for (Entry& entry : entries_) prove(entry);
  const auto over =
      std::partition(entries_.begin(), entries_.end(), [](const Entry& h) { return h.unproven_cores != 0; });
  std::for_each(over, entries_.end(), [this](Entry& entry) { Reclaim(entry); });
  entries_.erase(over, entries_.end());
}

void Quarantine::Reclaim(Entry& entry) {
  entry.input->SetQuarantined(false);
  entry.outputs->SetQuarantined(false);
  outputs_.push_back(std::move(entry.outputs));
  // The slot keeps this input if it found no replacement.
  if (entry.input.use_count() == 1) inputs_.push_back(std::move(entry.input));
}

void Quarantine::Add(const Ticket& ticket, std::shared_ptr<BpuInput> input,
                     std::shared_ptr<Outputs> outputs) {
  input->SetQuarantined(true);
  outputs->SetQuarantined(true);
  const std::lock_guard<std::mutex> lock(mutex_);
  ProbeFailed(ticket);
  successes_ = 0;
  entries_.push_back({std::move(input), std::move(outputs), submitted_, CoresOf(ticket)});
}

void Quarantine::AddCanary(const Ticket& ticket) {
  const std::lock_guard<std::mutex> lock(mutex_);
  ProbeFailed(ticket);
  successes_ = 0;
  canary_busy_ = false;
  canary_.after = submitted_;
  canary_.unproven_cores |= CoresOf(ticket);
}

std::shared_ptr<Outputs> Quarantine::TakeOutputs() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!outputs_.empty()) {
    // The one that has been free the longest.
    auto outputs = std::move(outputs_.front());
    outputs_.erase(outputs_.begin());
    return outputs;
  }
  if (entries_.size() >= max_entries_ || entries_.size() + orphaned_tasks >= kMaxInProcess) return nullptr;
  return std::make_shared<Outputs>(*model_);
}

Failure Quarantine::LimitFailure() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return {
      "the BPU to finish timed-out frames",
      std::to_string(entries_.size() + orphaned_tasks) + " that are still outstanding",
      "Processing resumes when the BPU recovers. If it does not, restart this process, or the board if that "
      "does not help."};
}

std::shared_ptr<BpuInput> Quarantine::TakeInput() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (inputs_.empty()) return std::make_shared<BpuInput>(*model_);
  auto input = std::move(inputs_.front());
  inputs_.erase(inputs_.begin());
  return input;
}

}  // namespace bpu
