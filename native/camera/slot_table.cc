#include "camera/slot_table.h"

#include <algorithm>
#include <utility>

#include "camera/attachment.h"

namespace camera {

SlotTable::SlotTable(std::vector<std::shared_ptr<ModelInput>> inputs, int max_running, Start start,
                     Grant grant)
    : max_running_(max_running), start_(std::move(start)), grant_(std::move(grant)) {
  states_.resize(inputs.size());
  for (size_t i = 0; i < inputs.size(); i++) states_[i].input = std::move(inputs[i]);
}

int SlotTable::free() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto free_slots =
      std::count_if(states_.begin(), states_.end(), [](const SlotState& state) { return !state.taken; });
  return std::min(static_cast<int>(free_slots), max_running_ - running_);
}

int SlotTable::FindFree() const {
  if (running_ >= max_running_) return -1;
  int lacks_memory = -1;
  for (size_t i = 0; i < states_.size(); i++) {
    if (states_[i].taken) continue;
    if (!states_[i].lacks_memory) return static_cast<int>(i);
    if (lacks_memory < 0) lacks_memory = static_cast<int>(i);
  }
  return lacks_memory;
}

void SlotTable::Occupy(SlotState& state) {
  state.taken = true;
  state.running = true;
  running_++;
}

int SlotTable::Take() {
  const std::lock_guard<std::mutex> lock(mutex_);
  const int slot = closed_ ? -1 : FindFree();
  if (slot >= 0) Occupy(state(slot));
  return slot;
}

void SlotTable::Finished(int slot) {
  std::unique_lock<std::mutex> lock(mutex_);
  if (!std::exchange(state(slot).running, false)) return;
  running_--;
  Dispatch(lock);
}

void SlotTable::Release(int slot) {
  std::unique_lock<std::mutex> lock(mutex_);
  SlotState& released = state(slot);
  // Destroyed after the lock is released, because their last owner may have work to do.
  const auto attachment = std::move(released.attachment);
  const auto pixels = std::move(released.frame_info.pixels);
  released.taken = false;
  if (std::exchange(released.running, false)) running_--;
  Dispatch(lock);
  lock.unlock();
}

void SlotTable::AssignFrame(SlotState& state, const std::shared_ptr<Attachment>& attachment) {
  Occupy(state);
  state.attachment = attachment;
  state.sequence = attachment->submitted_++;
  Attachment::WaitingFrame& frame = attachment->oldest();
  std::swap(state.input, frame.input);
  std::swap(state.frame_info, frame.frame_info);
  state.frame_info.submitted = Clock::now();
  frame.frame_info.pixels.reset();
  attachment->PopOldest();
  attachment->counters_->Update([](CameraCounters& counters) { counters.submitted++; });
}

void SlotTable::Request() {
  std::unique_lock<std::mutex> lock(mutex_);
  requested_ = true;
  Dispatch(lock);
}

bool SlotTable::CancelRequest() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return std::exchange(requested_, false);
}

void SlotTable::Dispatch(std::unique_lock<std::mutex>& lock) {
  while (!closed_) {
    const int slot = FindFree();
    if (slot < 0) return;
    const size_t count = attachments_.size() + 1;
    const auto waits = [this](size_t index) {
      return index < attachments_.size() ? attachments_[index]->waiting_ > 0 : requested_;
    };
    size_t next = next_turn_ % count;
    size_t checked = 0;
    while (checked < count && !waits(next)) {
      next = (next + 1) % count;
      checked++;
    }
    if (checked == count) return;
    next_turn_ = next + 1;
    const bool requested = next == attachments_.size();
    if (requested) {
      Occupy(state(slot));
      requested_ = false;
    } else {
      AssignFrame(state(slot), attachments_[next]);
    }
    active_threads_++;
    lock.unlock();
    (requested ? grant_ : start_)(slot);
    lock.lock();
    active_threads_--;
    changed_.notify_all();
  }
}

std::shared_ptr<Attachment> SlotTable::Attach(std::vector<std::shared_ptr<ModelInput>> inputs,
                                              uint32_t number, std::shared_ptr<SharedCounters> counters) {
  auto attachment =
      std::make_shared<Attachment>(shared_from_this(), std::move(inputs), number, std::move(counters));
  // Freed after the lock is released.
  std::vector<Attachment::WaitingFrame> frames;
  const std::lock_guard<std::mutex> lock(mutex_);
  attachment->detached_ = closed_;
  if (closed_)
    frames.swap(attachment->frames_);
  else
    attachments_.push_back(attachment);
  return attachment;
}

void SlotTable::Close() {
  std::unique_lock<std::mutex> lock(mutex_);
  closed_ = true;
  while (!attachments_.empty()) {
    auto attachment = attachments_.back();
    auto frames = attachment->DetachLocked(lock);
    lock.unlock();
    frames.clear();
    attachment.reset();
    lock.lock();
  }
  changed_.wait(lock, [this] { return active_threads_ == 0; });
}

void SlotTable::FreeMemory() {
  for (SlotState& state : states_) {
    std::unique_lock<std::mutex> lock(mutex_);
    // Destroyed outside the lock, because their last owner may have work to do.
    const auto input = std::move(state.input);
    const auto attachment = std::move(state.attachment);
    const auto pixels = std::move(state.frame_info.pixels);
    lock.unlock();
  }
}

}  // namespace camera
