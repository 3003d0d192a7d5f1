#include "camera/attachment.h"

#include <algorithm>
#include <utility>

namespace camera {

bool Attachment::attached() const {
  const std::lock_guard<std::mutex> lock(table_->mutex_);
  return !detached_;
}

Attachment::Attachment(std::shared_ptr<SlotTable> table, std::vector<std::shared_ptr<ModelInput>> inputs,
                       uint32_t number, std::shared_ptr<SharedCounters> counters)
    : table_(std::move(table)),
      number_(number),
      counters_(std::move(counters)),
      queue_size_(static_cast<int>(inputs.size())),
      frames_(inputs.size()) {
  for (size_t i = 0; i < inputs.size(); i++) frames_[i].input = std::move(inputs[i]);
}

void Attachment::PopOldest() {
  oldest_ = (oldest_ + 1) % frames_.size();
  waiting_--;
}

ModelInput* Attachment::BeginWrite() {
  // The picture of the dropped frame; freed after the lock is released.
  std::shared_ptr<PixelBuffer> pixels;
  const std::lock_guard<std::mutex> lock(table_->mutex_);
  if (detached_) return nullptr;
  if (waiting_ == frames_.size()) {
    pixels = std::move(oldest().frame_info.pixels);
    PopOldest();
    counters_->Update([](CameraCounters& counters) { counters.dropped++; });
  }
  writing_ = true;
  table_->active_threads_++;
  return frames_[(oldest_ + waiting_) % frames_.size()].input.get();
}

void Attachment::Commit(FrameInfo& frame_info) {
  SlotTable& table = *table_;
  std::unique_lock<std::mutex> lock(table.mutex_);
  writing_ = false;
  if (detached_) {
    counters_->Update([](CameraCounters& counters) { counters.discarded++; });
  } else {
    std::swap(frames_[(oldest_ + waiting_) % frames_.size()].frame_info, frame_info);
    waiting_++;
    table.Dispatch(lock);
  }
  table.active_threads_--;
  table.changed_.notify_all();
}

void Attachment::Cancel() {
  const std::lock_guard<std::mutex> lock(table_->mutex_);
  writing_ = false;
  table_->active_threads_--;
  table_->changed_.notify_all();
}

uint64_t Attachment::Detach() {
  // Freed after the lock is released.
  std::vector<WaitingFrame> frames;
  std::unique_lock<std::mutex> lock(table_->mutex_);
  if (!detached_) frames = DetachLocked(lock);
  return submitted_;
}

std::vector<Attachment::WaitingFrame> Attachment::DetachLocked(std::unique_lock<std::mutex>& lock) {
  auto& attachments = table_->attachments_;
  const auto self = shared_from_this();
  attachments.erase(std::find(attachments.begin(), attachments.end(), self));
  detached_ = true;
  counters_->Update([this](CameraCounters& counters) { counters.discarded += waiting_; });
  waiting_ = 0;
  table_->changed_.wait(lock, [this] { return !writing_; });
  return std::exchange(frames_, {});
}

}  // namespace camera
