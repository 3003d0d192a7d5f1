#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "alive.h"
#include "camera/pixels.h"
#include "camera/region.h"
#include "camera/tally.h"
#include "nv12/picture.h"

namespace camera {

using Clock = std::chrono::steady_clock;

/** Memory of one model input. */
class Input {
 public:
  Input() = default;
  virtual ~Input() = default;
  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;

  const nv12::Target& target() const { return target_; }

 protected:
  nv12::Target target_{};
};

/** What is known of a camera's frame besides its letterboxed pixels. */
struct Arrival {
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
  std::shared_ptr<Pixels> pixels;
};

class Feed;

/**
 * The slots of an engine and who has them: frames that JavaScript submits, and cameras that feed the engine
 * from their own threads. Cameras never wait: one whose frame finds no slot leaves it in an input buffer of
 * its own. When frames wait in all of them, the next one overwrites the oldest. A slot that becomes free goes
 * to a waiting camera, in turn, before anybody can Take it.
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
  struct Place {
    std::shared_ptr<Input> input;
    /** The camera whose frame it is; null for a submitted one. */
    std::shared_ptr<Feed> feed;
    /** Position of the frame among those of its camera that had a slot, from 0. */
    uint64_t sequence = 0;
    Arrival arrival;
    bool taken = false;
    /** Taken, and not Answered. */
    bool at_work = false;
    /** The engine cannot work on it for now: it is taken when there is no other. */
    bool unfit = false;
  };

  /** Begins the work on a slot that holds a camera's frame. Any thread; must not block. */
  using Start = std::function<void(int slot)>;
  /** Tells that a slot is taken for whoever asked. Any thread; must not block. */
  using Grant = std::function<void(int slot)>;

  /** @param most frames at work at once; as many slots as inputs */
  SlotTable(std::vector<std::shared_ptr<Input>> inputs, int most, Start start, Grant grant);

  int size() const { return static_cast<int>(places_.size()); }
  /** How many slots could be taken now. */
  int free() const;
  Place& place(int slot) { return places_[static_cast<size_t>(slot)]; }

  /** @returns a slot for a frame that is not a camera's, or -1 */
  int Take();
  /** Asks for a slot in turn with cameras that wait; Grant answers, once, unless it is taken back. */
  void Ask();
  /** Takes it back. @returns false when it was granted already, or nobody asked */
  bool Unask();
  /** The engine is through with the slot's frame; its result is still to be read. Before anybody is told of
   * it, who might Release it. */
  void Answered(int slot);
  /** The slot is free for the next. */
  void Release(int slot);

  /** @param inputs the camera's own, one or more: so many of its frames may wait @param tally of the camera
   */
  std::shared_ptr<Feed> Attach(std::vector<std::shared_ptr<Input>> inputs, uint32_t number,
                               std::shared_ptr<Tally> tally);

  /** No camera's frame comes in any more; waits for those that are being written. Idempotent. */
  void Close();
  /** Lets go of all inputs, and of what slots hold that nobody released: a feed, which holds this table, and
   * a picture. After Close, and when no slot is worked on. */
  void FreePlaces();

 private:
  friend class Feed;

  /** Gives free slots to waiting cameras. Leaves and takes the lock. */
  void Dispatch(std::unique_lock<std::mutex>& lock);
  /** @returns a slot that may be taken, or -1 */
  int FindFree() const;
  void Occupy(Place& place);
  void Put(Place& place, const std::shared_ptr<Feed>& feed);

  const int most_;
  const Start start_;
  const Grant grant_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Place> places_;
  int at_work_ = 0;
  std::vector<std::shared_ptr<Feed>> feeds_;
  /** Camera whose turn it is; behind the last it is the turn of whoever asked. */
  size_t turn_ = 0;
  bool asked_ = false;
  /** Threads that write an input or call `start`. */
  int busy_ = 0;
  bool closed_ = false;
};

/** A camera's place at an engine. */
class Feed : public std::enable_shared_from_this<Feed>, public Counted<Feed> {
 public:
  Feed(std::shared_ptr<SlotTable> table, std::vector<std::shared_ptr<Input>> inputs, uint32_t number,
       std::shared_ptr<Tally> tally);

  /** Who it is to JavaScript. */
  uint32_t number() const { return number_; }

  /**
   * Begins a frame; one at a time. When frames wait in all of the camera's inputs, the oldest is dropped.
   * @returns where to write it, until Commit or Cancel; null when the engine takes no more
   */
  Input* Begin();
  /** The frame is written: it gets a slot, or waits. `arrival` is left with something else. */
  void Commit(Arrival& arrival);
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
  int most() const { return table_->size() + queue_ - 1; }

 private:
  friend class SlotTable;
  struct Frame {
    std::shared_ptr<Input> input;
    Arrival arrival;
  };

  /** @returns what it had, to be freed without the lock */
  std::vector<Frame> Close(std::unique_lock<std::mutex>& lock);
  /** The frame that waited longest, where one does. */
  Frame& oldest() { return frames_[oldest_]; }
  /** The oldest one waits no longer: its place is the last that will be written to. */
  void Advance();

  const std::shared_ptr<SlotTable> table_;
  const uint32_t number_;
  const std::shared_ptr<Tally> tally_;
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
