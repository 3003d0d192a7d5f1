#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

#include "emulator/clock.h"
#include "emulator/config.h"
#include "emulator/memory.h"
#include "emulator/playback.h"

namespace emulator {

using Time = Clock::Time;

/** One inference, from hbDNNInfer to hbDNNReleaseTask. */
struct Task {
  enum class State { kQueued, kRunning, kFinished };

  /** Kept until the core is through with it, whatever is released before. */
  std::shared_ptr<const PlaybackModel> model;
  /** Input planes: one for NV12, two (luma, chroma) for NV12_SEPARATE. */
  std::vector<std::shared_ptr<Block>> inputs;
  std::vector<std::shared_ptr<Block>> outputs;
  /** The caller's pointer to its output tensors, and what it was at first. libdnn is reported to write
   * through its address, so it must be there until the BPU is through. */
  hbDNNTensor** output_pointer;
  hbDNNTensor* output_tensors;
  int input_stride;
  int priority;
  int64_t custom_id;
  /** Core that was asked for, from 0; negative for any. */
  int core;
  uint64_t order;

  State state = State::kQueued;
  bool hangs = false;
  bool fails = false;
  bool released = false;
  bool awaited = false;
  /** Wait has returned with HB_DNN_TIMEOUT. */
  bool timed_out = false;
  /** When a core may begin, and when hbDNNWaitTaskDone returns. */
  Time ready;
  Time done;
  int32_t status = 0;
};

/** Calls `action` with each block of memory that the task uses. */
template <typename Action>
void ForEachBlock(Task& task, Action action) {
  for (const auto& block : task.inputs) action(*block);
  for (const auto& block : task.outputs) action(*block);
}

struct TaskCounters {
  uint64_t submitted = 0;
  /** Tasks that hbDNNWaitTaskDone was called for. */
  uint64_t awaited = 0;
  uint64_t succeeded = 0;
  uint64_t failed = 0;
  uint64_t hung = 0;
  uint64_t canceled = 0;
  /** Tasks that wrote to their outputs after they were over for the runtime. */
  uint64_t late = 0;
  uint64_t max_alive = 0;
};

/**
 * The BPU cores and their tasks. A core does one task at a time, the most urgent first, for `busy`
 * microseconds; what comes on top of it for a task (`overhead`, half before and half after) keeps the core
 * free for others. So one frame in flight takes busy + overhead, and two or more saturate the core.
 *
 * Core time is reckoned from the planned end of the task before, not from when a thread woke up: the
 * throughput is that of the configuration, whatever the scheduler of the host does.
 *
 * Where tests step the clock, nothing depends on the scheduler at all: time stands still while a core or a
 * caller of Wait has something to do (Idle), and goes from one event to the next.
 */
class Device {
 public:
  ~Device();

  /** Starts the cores, the first time; later calls change latencies, faults and the clock. */
  void Configure(const Config& config);
  Config config();
  /** Nobody steps the clock any more, where somebody did: it goes on by itself. */
  void RunFreely();

  int32_t Submit(const std::shared_ptr<Task>& task, hbDNNTaskHandle_t* handle);
  int32_t Wait(hbDNNTaskHandle_t handle, int32_t timeout_ms);
  int32_t Release(hbDNNTaskHandle_t handle);

  bool IsRunning(const PlaybackModel& model);
  uint64_t tasks();
  TaskCounters counters();
  /** Pointers and memory that were gone before their task was, and waits for tasks that had timed out. */
  uint64_t violations();
  /** Draws a fault of this probability. */
  bool DrawFault(double probability);

  /**
   * Lets the time of a manual clock go on. At its end, and at each event on the way, the cores have taken up
   * what is due and Wait has returned what is due.
   *
   * @returns false when the clock is none of these, or ceases to be one
   */
  bool Advance(std::chrono::microseconds time);
  /** Blocks until Wait has been called for so many tasks since the library was loaded. @returns false after
   * `patience` */
  bool Await(uint64_t tasks, std::chrono::milliseconds patience);

 private:
  using Lock = std::unique_lock<std::mutex>;

  struct Core {
    enum class State { kBusy, kWaiting, kRunningTask, kStopping };

    int index = 0;
    /** What its thread does: waits for a task, for the end of one, or for the end of one that was released.
     */
    State state = State::kBusy;
    /** When it goes on by itself. */
    Time until = Clock::kNever;
    const Task* task = nullptr;
    /** When it was through with the task before. */
    Time free;
    std::thread thread;
  };
  /** Somebody in Wait. */
  struct Waiter {
    const Task* task;
    Time limit;

    /** When it goes on by itself. */
    Time until() const { return task->state == Task::State::kFinished ? std::min(task->done, limit) : limit; }
  };

  void RunCore(Core& core);
  std::shared_ptr<Task> NextTask(Lock& lock, Core& core);
  void Execute(Lock& lock, Core& core, Task& task);
  void WriteBack(Task& task);
  void WriteLate(Task& task);
  void Finish(Task& task, int32_t status, Time end);
  /** @returns the most urgent task that the core may begin now, or the end of the queue */
  std::list<std::shared_ptr<Task>>::iterator NextStartable(int core);

  /** Waits until `limit`. @returns whether `done` came to be true before */
  bool WaitUntil(Lock& lock, Time limit, const std::function<bool()>& done);
  /** Whether no core has something to do now, and nobody who waits. */
  bool CoresIdle();
  bool Idle();
  /** When the next of them will, unless something comes from outside. */
  Time NextEvent() const;
  /** Goes to the next event, where the clock does so by itself and it is time. @returns whether it did */
  bool SkipToNextEvent();
  /** After a core or who waits came to rest. */
  void BecameIdle();

  std::chrono::microseconds Busy(const PlaybackModel& model) const;
  std::chrono::microseconds Overhead(const PlaybackModel& model) const;

  std::mutex mutex_;
  /** For cores and Wait: the time, a task or the clock is another. */
  std::condition_variable changed_;
  /** For those who look on: somebody came to rest. */
  std::condition_variable idle_;
  Clock clock_;
  Config config_;
  std::mt19937_64 random_{1};
  std::list<Core> cores_;
  std::list<Waiter> waiters_;
  bool stop_ = false;
  std::list<std::shared_ptr<Task>> queue_;
  /** Alive tasks. Handles are numbers that are never used again, so that a stale one is recognized. */
  std::map<uint64_t, std::shared_ptr<Task>> alive_;
  uint64_t next_handle_ = 1;
  TaskCounters counters_;
  uint64_t violations_ = 0;
};

}  // namespace emulator
