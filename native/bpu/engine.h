#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "bpu/slot.h"
#include "counted.h"
#include "decode/ahead.h"

namespace bpu {

struct Options {
  /** Path of libdnn.so; empty to search the usual paths (library.h). */
  std::string library;
  std::string file;
  /** Name of the model within the file; may be empty if the file has only one. */
  std::string model;
  /** Frames processed at the same time. */
  int slots = 2;
  /** Additional slots, for results that are still being read. */
  int spare = 0;
  Schedule schedule;
};

/**
 * A model and its slots, each with its own thread.
 *
 * One thread per slot suits hbDNN: processing a frame (letterbox, submit, wait, invalidate) is a sequence
 * that mostly sleeps in hbDNNWaitTaskDone. Slots overlap: while one waits for the BPU, another scales its
 * frame. No queue needs guarding, a hanging task blocks only its own slot, and libuv's pool of four threads
 * (files, DNS, the onnx engine) never waits for the BPU. At most 32 sleeping threads cost little.
 * hbDNNSetTaskDoneCb would avoid them, but its documentation does not say whether it fires for a task that is
 * already done.
 *
 * Does not depend on JavaScript.
 */
class Engine : public Counted<Engine> {
 public:
  /** Called on the slot's thread, once per Start(). */
  using Done = std::function<void(int slot, Outcome&& outcome)>;

  /** @param grant as in camera::SlotTable @throws Failure */
  Engine(const Options& options, Done done, camera::SlotTable::Grant grant);
  /**
   * Waits for the frames in flight, then frees everything except outputs that are still referenced and memory
   * that the BPU may still write to.
   */
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  const Model& model() const { return *model_; }
  /** Slots of the options plus spare ones. */
  int slots() const { return static_cast<int>(workers_.size()); }
  const Slot& slot(int index) const { return workers_[static_cast<size_t>(index)]->slot; }
  /** Which slots are taken, and by whom. A finished slot stays taken until it is released. */
  const std::shared_ptr<camera::SlotTable>& table() const { return table_; }
  /** Size of the model's input. */
  int width() const { return width_; }
  int height() const { return height_; }

  /**
   * Stops reporting results and abandons hanging frames together with their threads, so that the destructor
   * takes less than a second.
   */
  void BeginFastShutdown() { fast_shutdown_ = true; }

  /** Threads of all engines that were abandoned and are still inside libdnn. */
  static int abandoned_threads();

  /** Gives the slots memory for the results of decoding ahead. @throws std::bad_alloc */
  void ReserveAhead();
  /** Sets the plan from the next finished frame on; null for none. Call after ReserveAhead(). */
  void SetPlan(std::shared_ptr<const decode::Plan> plan) noexcept;
  /** The results for the slot's frame, with the version of their plan. Null before ReserveAhead(). */
  std::shared_ptr<decode::Found> found(int slot);

  /** Starts a frame in a slot taken from the table. The frame's memory must stay valid until `done`. */
  void Start(int slot, const SubmittedFrame& frame);
  /**
   * @param queue_size frames of the camera that may wait, at least 1
   * @param counters of the camera
   * @throws Failure when there is no memory for its inputs
   */
  std::shared_ptr<camera::Attachment> Attach(int queue_size, uint32_t number,
                                             std::shared_ptr<camera::SharedCounters> counters);

 private:
  struct Worker {
    Worker(const std::shared_ptr<const Model>& model, const std::shared_ptr<Quarantine>& quarantine,
           const Schedule& schedule)
        : slot(model, quarantine, schedule) {}
    Slot slot;
    AbandonableWait wait;
    std::mutex mutex;
    std::condition_variable changed;
    /** Unset when a camera has already written the input. */
    std::optional<SubmittedFrame> frame;
    bool begin = false;
    bool stop = false;
    std::thread thread;
    decode::Ahead ahead;
    /** Addresses of the current frame's outputs; kept, so that nothing is allocated per frame. */
    std::vector<const void*> looked_at;
    /** Guarded by ahead_mutex_; its contents belong to the owner of the slot. */
    std::shared_ptr<decode::Found> found;
  };

  void Begin(int slot, const std::optional<SubmittedFrame>& frame);
  /** @returns false when the thread was abandoned; the engine may be gone */
  bool Run(int index, Worker& worker);
  /** @param deadline for hanging frames, in a fast shutdown */
  void StopThreads(AbandonableWait::Clock::time_point deadline);
  /**
   * process.exit() skips Node's cleanup hooks but runs libdnn's static destructors. Tasks must end before
   * those run.
   */
  static void RegisterExitHandler(const Library& library);
  static void OnProcessExit(int status, void*);
  void Shutdown(AbandonableWait::Clock::time_point deadline);
  void LookAhead(Worker& worker, bool answered) noexcept;

  const Done done_;
  /** The process or this engine's JS thread is ending. */
  std::atomic<bool> fast_shutdown_{false};
  std::shared_ptr<const Model> model_;
  /** Shared with their threads, which may outlive the engine when they are abandoned. */
  std::vector<std::shared_ptr<Worker>> workers_;
  std::shared_ptr<camera::SlotTable> table_;
  int width_ = 0;
  int height_ = 0;
  std::mutex ahead_mutex_;
  std::shared_ptr<const decode::Plan> plan_;
};

}  // namespace bpu
