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

 protected:
  nv12::Target target_{};
};

/** What is known of a camera's frame besides its letterboxed pixels. */
struct FrameInfo {
  int32_t sec = 0;
  uint32_t nanosec = 0;
  int64_t index = -1;
  std::string frame_id;
  bool has_frame_id = false;
  /** Of the picture; the frame's sizes are these, rounded up to even numbers. */
  int width = 0;
  int height = 0;
  /** What of it was letterboxed. */
  Region part{};
  /** When its callback began, and when it had a slot. */
  Clock::time_point received;
  Clock::time_point submitted;
  /** Milliseconds of the letterbox, and of the conversion where there was one. */
  double preprocess = 0;
  /** The full picture, when somebody wants it. */
  std::shared_ptr<PixelBuffer> pixels;
};

class Attachment;

/**
 * The slots of an engine and who has them: frames that JavaScript submits, and cameras that attachment the
 * engine from their own threads. Cameras never wait: one whose frame finds no slot leaves it in an input
 * buffer of its own. When frames wait in all of them, the next one overwrites the oldest. A slot that becomes
 * free goes to a waiting camera, in turn, before anybody can Take it.
 *
 * There may be more slots than frames at work at once: the engine then has its next frame while somebody
 * still reads the result of one, and no frame grows old in a queue for that.
 *
 * A frame goes from a camera to a slot by swapping their input buffers; no pixel is copied.
 *
 * One mutex, held for microseconds: never while pixels are written and never while `start` runs.
 */
class SlotTable : public std::enable_shared_from_this<SlotTable>, public Counted<SlotTable> {
 public:
  /** What a slot holds; belongs to whoever has the slot. */
  struct SlotState {
    std::shared_ptr<ModelInput> input;
    /** The camera whose frame it is; null for a submitted one. */
    std::shared_ptr<Attachment> attachment;
    /** Position of the frame among those of its camera that had a slot, from 0. */
    uint64_t sequence = 0;
    FrameInfo frame_info;
    bool taken = false;
    /** Taken, and not Finished. */
    bool running = false;
    /** The engine cannot work on it for now: it is taken when there is no other. */
    bool lacks_memory = false;
  };

  /** Begins the work on a slot that holds a camera's frame. Any thread; must not block. */
  using Start = std::function<void(int slot)>;
  /** Tells that a slot is taken for whoever asked. Any thread; must not block. */
  using Grant = std::function<void(int slot)>;

  /** @param most frames at work at once; as many slots as inputs */
  SlotTable(std::vector<std::shared_ptr<ModelInput>> inputs, int max_running, Start start, Grant grant);

  int size() const { return static_cast<int>(states_.size()); }
  /** How many slots could be taken now. */
  int free() const;
  SlotState& state(int slot) { return states_[static_cast<size_t>(slot)]; }

  /** @returns a slot for a frame that is not a camera's, or -1 */
  int Take();
  /** Asks for a slot in turn with cameras that wait; Grant answers, once, unless it is taken back. */
  void Request();
  /** Takes it back. @returns false when it was granted already, or nobody asked */
  bool CancelRequest();
  /** The engine is through with the slot's frame; its result is still to be read. Before anybody is told of
   * it, who might Release it. */
  void Finished(int slot);
  /** The slot is free for the next. */
  void Release(int slot);

  /** @param inputs the camera's own, one or more: so many of its frames may wait @param counters of the
   * camera
   */
  std::shared_ptr<Attachment> Attach(std::vector<std::shared_ptr<ModelInput>> inputs, uint32_t number,
                                     std::shared_ptr<SharedCounters> counters);

  /** No camera's frame comes in any more; waits for those that are being written. Idempotent. */
  void Close();
  /** Lets go of all inputs, and of what slots hold that nobody released: a attachment, which holds this
   * table, and a picture. After Close, and when no slot is worked on. */
  void FreeMemory();

 private:
  friend class Attachment;

  /** Gives free slots to waiting cameras. Leaves and takes the lock. */
  void Dispatch(std::unique_lock<std::mutex>& lock);
  /** @returns a slot that may be taken, or -1 */
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
  /** Camera whose turn it is; behind the last it is the turn of whoever asked. */
  size_t next_turn_ = 0;
  bool requested_ = false;
  /** Threads that write an input or call `start`. */
  int active_threads_ = 0;
  bool closed_ = false;
};

}  // namespace camera
