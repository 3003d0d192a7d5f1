#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "camera/slot_table.h"
#include "counted.h"

namespace camera {

/**
 * A camera's attachment to the slots of an engine, with the input buffers in which its frames wait.
 *
 * Locked by the mutex of its SlotTable.
 */
class Attachment : public std::enable_shared_from_this<Attachment>, public Counted<Attachment> {
 public:
  Attachment(std::shared_ptr<SlotTable> table, std::vector<std::shared_ptr<ModelInput>> inputs,
             uint32_t number, std::shared_ptr<SharedCounters> counters);

  /** Its number in JavaScript. */
  uint32_t number() const { return number_; }

  /**
   * Begins a frame; one at a time. If frames wait in all of the camera's inputs, the oldest is dropped.
   * @returns where to write the frame, until Commit or Cancel; null after Detach
   */
  ModelInput* BeginWrite();
  /** The frame is written: it gets a slot, or waits. The contents of `frame_info` are swapped out. */
  void Commit(FrameInfo& frame_info);
  /** Discards the frame that was begun. */
  void Cancel();

  /**
   * Ends the attachment. Waiting frames are discarded; a frame that is being written is waited for.
   * @returns how many of its frames ever had a slot
   */
  uint64_t Detach();

  /** Whether it still accepts frames. */
  bool attached() const;

  /** Upper bound for unread results, running frames, and all waiting frames but one. */
  int max_frames() const { return table_->size() + queue_size_ - 1; }

 private:
  friend class SlotTable;
  struct WaitingFrame {
    std::shared_ptr<ModelInput> input;
    FrameInfo frame_info;
  };

  /** @returns its frames, to be freed without the lock */
  std::vector<WaitingFrame> DetachLocked(std::unique_lock<std::mutex>& lock);
  /** The frame that has waited longest. At least one must be waiting. */
  WaitingFrame& oldest() { return frames_[oldest_]; }
  /** Removes the oldest waiting frame. Its buffer is reused last. */
  void PopOldest();

  const std::shared_ptr<SlotTable> table_;
  const uint32_t number_;
  const std::shared_ptr<SharedCounters> counters_;
  /** Number of frames that may wait. */
  const int queue_size_;
  // Guarded by the table's mutex:
  /** A ring: waiting frames, oldest first; then the frame that is being written; then empty ones. */
  std::vector<WaitingFrame> frames_;
  size_t oldest_ = 0;
  size_t waiting_ = 0;
  bool writing_ = false;
  bool detached_ = false;
  uint64_t submitted_ = 0;
};

}  // namespace camera
