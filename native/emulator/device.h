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

  /** Kept until the core has finished the task, even if the model is released before. */
  std::shared_ptr<const PlaybackModel> model;
  /** Input planes: one for NV12, two (luma, chroma) for NV12_SEPARATE. */
  std::vector<std::shared_ptr<Block>> inputs;
  std::vector<std::shared_ptr<Block>> outputs;
  /**
   * The caller's pointer to its output tensors, and the pointer's initial value. libdnn has been observed to
   * write through its address, so it must stay valid until the task is finished.
   */
  hbDNNTensor** output_pointer;
  hbDNNTensor* output_tensors;
  int input_stride;
  int priority;
  int64_t custom_id;
  /** The requested core, from 0; negative for any. */
  int core;
  uint64_t order;

  State state = State::kQueued;
  bool hangs = false;
  bool fails = false;
  bool released = false;
  bool awaited = false;
  /** Wait() has returned HB_DNN_TIMEOUT. */
  bool timed_out = false;
  /** When a core may start, and when hbDNNWaitTaskDone returns. */
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
  /** Tasks for which hbDNNWaitTaskDone was called. */
  uint64_t awaited = 0;
  uint64_t succeeded = 0;
  uint64_t failed = 0;
  uint64_t hung = 0;
  uint64_t canceled = 0;
  /** Tasks that wrote their outputs after the runtime considered them finished. */
  uint64_t late = 0;
  uint64_t max_alive = 0;
};

/**
 * The BPU cores and their tasks.
 *
 * A core runs one task at a time, the most urgent first, for `busy` microseconds. The overhead of a task,
 * half before and half after, leaves the core free for other tasks. So a single frame takes busy + overhead,
 * and two or more in flight saturate the core.
 *
 * A task's start is computed from the planned end of the previous one, not from when a thread woke up. The
 * throughput is thus as configured, independent of the host's scheduler.
 *
 * With a stepped clock nothing depends on the scheduler: time stands still while a core or a caller of Wait
 * has something to do (see Idle), then moves to the next event.
 */
class Device {
 public:
  ~Device();

  /** Starts the cores on the first call. Later calls change latencies, faults and the clock. */
  void Configure(const Config& config);
  Config config();
  /** Lets a manual clock run freely, once nothing steps it any more. */
  void RunFreely();

  int32_t Submit(const std::shared_ptr<Task>& task, hbDNNTaskHandle_t* handle);
  int32_t Wait(hbDNNTaskHandle_t handle, int32_t timeout_ms);
  int32_t Release(hbDNNTaskHandle_t handle);

  bool IsRunning(const PlaybackModel& model);
  uint64_t tasks();
  TaskCounters counters();
  /** Counts pointers and memory that were freed before their task finished, and waits for timed-out tasks. */
  uint64_t violations();
  /** Randomly decides on a fault of this probability. */
  bool DrawFault(double probability);

  /**
   * Advances a manual clock. When it returns, and at each event in between, the cores have started everything
   * that is due and Wait has returned everything that is due.
   * @returns false when the clock is not manual, or stops being manual
   */
  bool Advance(std::chrono::microseconds time);
  /**
   * Blocks until Wait has been called for this many tasks since the library was loaded.
   * @returns false after `patience`
   */
  bool Await(uint64_t tasks, std::chrono::milliseconds patience);

 private:
  using Lock = std::unique_lock<std::mutex>;

  struct Core {
    enum class State { kBusy, kWaiting, kRunningTask, kStopping };

    int index = 0;
    /**
     * What its thread is doing: working, waiting for a task, waiting for the end of a task, or waiting for
     * the end of a released one.
     */
    State state = State::kBusy;
    /** When it continues on its own. */
    Time until = Clock::kNever;
    const Task* task = nullptr;
    /** When it finished the previous task. */
    Time free;
    std::thread thread;
  };
  /** A caller of Wait. */
  struct Waiter {
    const Task* task;
    Time limit;

    /** When it continues on its own. */
    Time until() const { return task->state == Task::State::kFinished ? std::min(task->done, limit) : limit; }
  };

  void RunCore(Core& core);
  std::shared_ptr<Task> NextTask(Lock& lock, Core& core);
  void Execute(Lock& lock, Core& core, Task& task);
  void WriteBack(Task& task);
  void WriteLate(Task& task);
  void Finish(Task& task, int32_t status, Time end);
  /** @returns the most urgent task that the core may start now, or the end of the queue */
  std::list<std::shared_ptr<Task>>::iterator NextStartable(int core);

  /** Waits until `limit`. @returns whether `done` became true before */
  bool WaitUntil(Lock& lock, Time limit, const std::function<bool()>& done);
  /** Whether no core, or neither a core nor a caller of Wait, has anything to do now. */
  bool CoresIdle();
  bool Idle();
  /** The time of the next event, unless something happens from outside. */
  Time NextEvent() const;
  /**
   * Jumps to the next event if the clock is fast and everything is idle.
   * @returns whether it did
   */
  bool SkipToNextEvent();
  /** Call after a core or a caller of Wait became idle. */
  void BecameIdle();

  std::chrono::microseconds Busy(const PlaybackModel& model) const;
  std::chrono::microseconds Overhead(const PlaybackModel& model) const;

  std::mutex mutex_;
  /** Signals cores and Wait: the time, a task or the clock has changed. */
  std::condition_variable changed_;
  /** Signals observers: a core or a caller of Wait became idle. */
  std::condition_variable idle_;
  Clock clock_;
  Config config_;
  std::mt19937_64 random_{1};
  std::list<Core> cores_;
  std::list<Waiter> waiters_;
  bool stop_ = false;
  std::list<std::shared_ptr<Task>> queue_;
  /** Tasks that are not released. Handles are numbers that are never reused, so stale ones are recognized. */
  std::map<uint64_t, std::shared_ptr<Task>> alive_;
  uint64_t next_handle_ = 1;
  TaskCounters counters_;
  uint64_t violations_ = 0;
};

}  // namespace emulator
