#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "camera/counters.h"
#include "camera/pixel_pool.h"
#include "camera/region.h"
#include "counted.h"
#include "nv12/picture.h"

namespace camera {

using Clock = std::chrono::steady_clock;

/** Memory of one model input. */
class ModelInput {
 public:
  ModelInput() = default;
  virtual ~ModelInput() = default;
  ModelInput(const ModelInput&) = delete;
  ModelInput& operator=(const ModelInput&) = delete;

  const nv12::Target& target() const { return target_; }
  /** Whether pictures fill it, instead of keeping their aspect. */
  bool stretch() const { return stretch_; }

 protected:
  nv12::Target target_{};
  bool stretch_ = false;
};

/** Metadata of a camera's frame. */
struct FrameInfo {
  int32_t sec = 0;
  uint32_t nanosec = 0;
  int64_t index = -1;
  std::string frame_id;
  bool has_frame_id = false;
  /** Size of the picture; the frame's is rounded up to even numbers. */
  int width = 0;
  int height = 0;
  /** The part of the picture that was letterboxed. */
  Region part{};
  /** When its callback began, and when it got a slot. */
  Clock::time_point received;
  Clock::time_point submitted;
  /** Duration of the letterbox, and of the conversion if any, in milliseconds. */
  double preprocess = 0;
  /** The full picture, if it is wanted. */
  std::shared_ptr<PixelBuffer> pixels;
};

class Attachment;

/**
 * The slots of an engine. They are shared by frames that JavaScript submits and by cameras that write frames
 * from their own threads.
 *
 * Cameras never wait. A camera whose frame finds no free slot leaves it in one of its own input buffers; when
 * frames wait in all of them, the next frame overwrites the oldest. A slot that becomes free goes to waiting
 * cameras in turn, before anyone can Take() it.
 *
 * There may be more slots than running frames. The engine can then start the next frame while a result is
 * still being read, so frames do not age in a queue.
 *
 * A frame moves from a camera to a slot by swapping their input buffers; no pixels are copied.
 *
 * One mutex, held for microseconds: never while pixels are written, and never while `start` runs.
 */
class SlotTable : public std::enable_shared_from_this<SlotTable>, public Counted<SlotTable> {
 public:
  /** The contents of a slot; owned by whoever has taken the slot. */
  struct SlotState {
    std::shared_ptr<ModelInput> input;
    /** The attachment of the camera whose frame it is; null for a submitted frame. */
    std::shared_ptr<Attachment> attachment;
    /** The frame's position among those of its attachment that had a slot, from 0. */
    uint64_t sequence = 0;
    FrameInfo frame_info;
    bool taken = false;
    /** Taken and not yet Finished(). */
    bool running = false;
    /** The engine has no output memory for it at the moment: it is taken only when there is no other. */
    bool lacks_memory = false;
  };

  /** Starts processing a slot with a camera's frame. Called on any thread; must not block. */
  using Start = std::function<void(int slot)>;
  /** Reports that a slot was taken for Request(). Called on any thread; must not block. */
  using Grant = std::function<void(int slot)>;

  /**
   * @param inputs one per slot
   * @param max_running frames processed at the same time
   */
  SlotTable(std::vector<std::shared_ptr<ModelInput>> inputs, int max_running, Start start, Grant grant);

  int size() const { return static_cast<int>(states_.size()); }
  /** How many slots can be taken now. */
  int free() const;
  SlotState& state(int slot) { return states_[static_cast<size_t>(slot)]; }

  /** @returns a slot for a submitted frame, or -1 */
  int Take();
  /** Requests a slot, in turn with waiting cameras. Answered by one Grant, unless it is canceled. */
  void Request();
  /**
   * Cancels the request.
   * @returns false when it was already granted, or there was none
   */
  bool CancelRequest();
  /**
   * The engine has finished the slot's frame; its result is still to be read. Call before reporting the
   * result, because the receiver may call Release().
   */
  void Finished(int slot);
  /** Frees the slot for the next frame. */
  void Release(int slot);

  /**
   * @param inputs the camera's own, at least one; this is how many of its frames may wait
   * @param counters of the camera
   */
  std::shared_ptr<Attachment> Attach(std::vector<std::shared_ptr<ModelInput>> inputs, uint32_t number,
                                     std::shared_ptr<SharedCounters> counters);

  /** Detaches all cameras and waits for frames that are being written. Idempotent. */
  void Close();
  /**
   * Frees all inputs, and what unreleased slots hold: an attachment, which refers to this table, and a
   * picture. Call after Close, when no slot is running.
   */
  void FreeMemory();

 private:
  friend class Attachment;

  /** Gives free slots to waiting cameras and requests. Temporarily releases the lock. */
  void Dispatch(std::unique_lock<std::mutex>& lock);
  /** @returns a slot that can be taken, or -1 */
  int FindFree() const;
  void Occupy(SlotState& state);
  void AssignFrame(SlotState& state, const std::shared_ptr<Attachment>& attachment);

  const int max_running_;
  const Start start_;
  const Grant grant_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<SlotState> states_;
  int running_ = 0;
  std::vector<std::shared_ptr<Attachment>> attachments_;
  /** Index of the attachment whose turn is next; one past the last for the request. */
  size_t next_turn_ = 0;
  bool requested_ = false;
  /** Threads that are writing an input or calling `start`. */
  int active_threads_ = 0;
  bool closed_ = false;
};

}  // namespace camera
