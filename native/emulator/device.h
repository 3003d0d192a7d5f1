#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

#include "emulator/config.h"
#include "emulator/memory.h"
#include "emulator/playback.h"

namespace emulator {

using Clock = std::chrono::steady_clock;

/** One inference, from hbDNNInfer to hbDNNReleaseTask. */
struct Task {
  enum class State { kQueued, kRunning, kFinished };

  /** Kept until the core is through with it, whatever is released before. */
  std::shared_ptr<const PlaybackModel> model;
  /** Input planes: one for NV12, two (luma, chroma) for NV12_SEPARATE. */
  std::vector<std::shared_ptr<Block>> inputs;
  std::vector<std::shared_ptr<Block>> outputs;
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
  /** When a core may begin, and when hbDNNWaitTaskDone returns. */
  Clock::time_point ready;
  Clock::time_point done;
  int32_t status = 0;
};

struct Counters {
  uint64_t submitted = 0;
  uint64_t succeeded = 0;
  uint64_t failed = 0;
  uint64_t hung = 0;
  uint64_t cancelled = 0;
  uint64_t most_alive = 0;
};

/**
 * The BPU cores and their tasks. A core does one task at a time, the most urgent first, for `busy`
 * microseconds; what comes on top of it for a task (`overhead`, half before and half after) keeps the core
 * free for others. So one frame in flight takes busy + overhead, and two or more saturate the core.
 *
 * Core time is reckoned from the planned end of the task before, not from when a thread woke up: the
 * throughput is that of the configuration, whatever the scheduler of the host does.
 */
class Device {
 public:
  ~Device();

  /** Starts the cores, the first time; later calls change latencies and faults. */
  void Configure(const Config& config);
  Config config();

  int32_t Submit(const std::shared_ptr<Task>& task, hbDNNTaskHandle_t* handle);
  int32_t Wait(hbDNNTaskHandle_t handle, int32_t timeout_ms);
  int32_t Release(hbDNNTaskHandle_t handle);

  bool IsRunning(const PlaybackModel& model);
  uint64_t tasks();
  Counters counters();
  /** Draws a fault of this probability. */
  bool Draw(double probability);

 private:
  using Lock = std::unique_lock<std::mutex>;

  void RunCore(int core);
  std::shared_ptr<Task> NextTask(Lock& lock, int core);
  void Execute(Lock& lock, Task& task, Clock::time_point& core_free);
  void Finish(Task& task, int32_t status, Clock::time_point end);
  std::chrono::microseconds Busy(const PlaybackModel& model) const;
  std::chrono::microseconds Overhead(const PlaybackModel& model) const;

  std::mutex mutex_;
  std::condition_variable changed_;
  Config config_;
  std::mt19937_64 random_{1};
  std::vector<std::thread> cores_;
  bool stop_ = false;
  std::list<std::shared_ptr<Task>> queue_;
  /** Alive tasks. Handles are numbers that are never used again, so that a stale one is recognised. */
  std::map<uint64_t, std::shared_ptr<Task>> alive_;
  uint64_t next_handle_ = 1;
  Counters counters_;
};

}  // namespace emulator
