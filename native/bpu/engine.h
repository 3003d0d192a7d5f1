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

namespace bpu {

struct Options {
  /** Path of libdnn.so; empty for the usual places. */
  std::string library;
  std::string file;
  /** Name of the model within the file; empty where it has only one. */
  std::string model;
  /** Frames at work at once. */
  int slots = 2;
  /** Results that are read meanwhile, in memory of their own. */
  int spare = 0;
  Schedule schedule;
};

/**
 * A model and its slots, each with a thread of its own.
 *
 * A thread per slot, because that is what hbDNN asks for: a frame's way (letterbox, submit, wait, invalidate)
 * is a sequence that mostly sleeps in hbDNNWaitTaskDone. Slots overlap each other as they should: while one
 * waits for the BPU, another scales its frame. There is no queue to guard, a hanging task holds up its own
 * slot only, and libuv's pool of four threads (files, DNS, the onnx engine) never waits for the BPU. 32
 * sleeping threads at most are cheap; hbDNNSetTaskDoneCb would save them, but whether it fires for a task
 * that is already done is not documented.
 *
 * Knows nothing of JavaScript.
 */
class Engine : public Counted<Engine> {
 public:
  /** Called on the slot's thread, once for each Start. */
  using Done = std::function<void(int slot, Outcome&& outcome)>;

  /** @param grant as in camera::SlotTable @throws Failure */
  Engine(const Options& options, Done done, camera::SlotTable::Grant grant);
  /** Waits for the frames in flight, then frees everything but outputs that others own, too, and what the BPU
   * may still write to. */
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  const Model& model() const { return *model_; }
  /** Those of the options and the spare ones. */
  int slots() const { return static_cast<int>(workers_.size()); }
  const Slot& slot(int index) const { return workers_[static_cast<size_t>(index)]->slot; }
  /** Who has which slot. A slot that is done stays taken until somebody who knows of it releases it. */
  const std::shared_ptr<camera::SlotTable>& table() const { return table_; }
  /** Size of the model's input. */
  int width() const { return width_; }
  int height() const { return height_; }

  /** Nobody is told of frames any more, and those that hang are given up with their threads: the destructor
   * waits for less than a second. */
  void BeginFastShutdown() { fast_shutdown_ = true; }

  /** Threads of all engines that were given up, and are within libdnn. */
  static int abandoned_threads();

  /** Begins a frame in a slot taken from the table; its memory must stay until `done`. */
  void Start(int slot, const Frame& frame);
  /** @param queue frames of the camera that may wait, 1 or more @param counters of the camera
   * @throws Failure when there is no memory for its inputs */
  std::shared_ptr<camera::Attachment> Attach(int queue, uint32_t number,
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
    /** None where the input is written already, by a camera. */
    std::optional<Frame> frame;
    bool begin = false;
    bool stop = false;
    std::thread thread;
  };

  void Begin(int slot, const std::optional<Frame>& frame);
  /** @returns false when the thread was given up: the engine may be gone */
  bool Run(int index, Worker& worker);
  /** @param deadline for frames that hang, where the end hurries */
  void StopThreads(AbandonableWait::Clock::time_point deadline);
  /** process.exit() runs no clean-up hooks of Node, but destructors of libdnn: its tasks must end before
   * those. */
  static void RegisterExitHandler(const Library& library);
  static void OnProcessExit(int status, void*);
  void Shutdown(AbandonableWait::Clock::time_point deadline);

  const Done done_;
  /** The process, or the thread of this engine, ends. */
  std::atomic<bool> fast_shutdown_{false};
  std::shared_ptr<const Model> model_;
  /** Owned together with their threads, which may outlive the engine where they are given up. */
  std::vector<std::shared_ptr<Worker>> workers_;
  std::shared_ptr<camera::SlotTable> table_;
  int width_ = 0;
  int height_ = 0;
};

}  // namespace bpu
