#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "camera/slot_table.h"
#include "counted.h"

namespace camera {

/** A camera's state at an engine. */
class Attachment : public std::enable_shared_from_this<Attachment>, public Counted<Attachment> {
 public:
  Attachment(std::shared_ptr<SlotTable> table, std::vector<std::shared_ptr<ModelInput>> inputs,
             uint32_t number, std::shared_ptr<SharedCounters> counters);

  /** Who it is to JavaScript. */
  uint32_t number() const { return number_; }

  /**
   * Begins a frame; one at a time. When frames wait in all of the camera's inputs, the oldest is dropped.
   * @returns where to write it, until Commit or Cancel; null when the engine takes no more
   */
  ModelInput* BeginWrite();
  /** The frame is written: it gets a slot, or waits. `frame_info` is left with something else. */
  void Commit(FrameInfo& frame_info);
  /** The frame came to nothing. */
  void Cancel();

  /**
   * Ends it. Frames that wait are discarded; one that is being written is waited for.
   * @returns how many frames had a slot, ever
   */
  uint64_t Detach();

  /** Whether its frames can come in. */
  bool attached() const;

  /** Results that are read, frames at work and all but one of those that wait, together, at most. */
  int max_frames() const { return table_->size() + queue_ - 1; }

 private:
  friend class SlotTable;
  struct Frame {
    std::shared_ptr<ModelInput> input;
    FrameInfo frame_info;
  };

  /** @returns what it had, to be freed without the lock */
  std::vector<Frame> DetachLocked(std::unique_lock<std::mutex>& lock);
  /** The frame that waited longest, where one does. */
  Frame& oldest() { return frames_[oldest_]; }
  /** The oldest one waits no longer: its state is the last that will be written to. */
  void PopOldest();

  const std::shared_ptr<SlotTable> table_;
  const uint32_t number_;
  const std::shared_ptr<SharedCounters> counters_;
  /** Frames that may wait. */
  const int queue_;
  // The table's mutex guards the following.
  /** A ring: from the oldest on, those that wait, then the one that is written, then those that are empty. */
  std::vector<Frame> frames_;
  size_t oldest_ = 0;
  size_t waiting_ = 0;
  bool writing_ = false;
  bool detached_ = false;
  uint64_t submitted_ = 0;
};

}  // namespace camera
