#include "emulator/device.h"

#include <algorithm>
#include <cstdio>
#include <tuple>
#include <utility>

namespace emulator {
namespace {

constexpr size_t kMaxTasks = 32;
/** Handles are numbers, never dereferenced. */
hbDNNTaskHandle_t HandleOf(uint64_t number) {
  // NOLINTNEXTLINE(performance-no-int-to-ptr)
  return reinterpret_cast<hbDNNTaskHandle_t>(number);
}
uint64_t NumberOf(hbDNNTaskHandle_t handle) { return reinterpret_cast<uint64_t>(handle); }

}  // namespace

Device::~Device() {
  {
    const Lock lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  idle_.notify_all();
  for (Core& core : cores_) {
    if (core.thread.joinable()) core.thread.join();
  }
}

void Device::Configure(const Config& config) {
  const Lock lock(mutex_);
  // Do what can throw first: if a core cannot start, the board stays as it was.
  while (static_cast<int>(cores_.size()) < config.cores) {
    Core& core = cores_.emplace_back();
    core.index = static_cast<int>(cores_.size()) - 1;
    core.free = clock_.Now();
    try {
      core.thread = std::thread([this, &core] { RunCore(core); });
    } catch (...) {
      cores_.pop_back();
      throw;
    }
  }
  config_ = config;
  random_.seed(config.seed);
  clock_.SetMode(config.mode);
  // Wake waiters, so that they follow the new clock.
  changed_.notify_all();
  idle_.notify_all();
}

void Device::RunFreely() {
  const Lock lock(mutex_);
  if (clock_.mode() != ClockMode::kManual) return;
  clock_.SetMode(ClockMode::kFast);
  changed_.notify_all();
  idle_.notify_all();
}

Config Device::config() {
  const Lock lock(mutex_);
  return config_;
}

int32_t Device::Submit(const std::shared_ptr<Task>& task, hbDNNTaskHandle_t* handle) {
  {
    const Lock lock(mutex_);
    if (alive_.size() >= kMaxTasks) return HB_DNN_TASK_NUM_EXCEED_LIMIT;
    if (task->core >= config_.cores) return HB_DNN_INVALID_ARGUMENT;
    bool busy = false;
    for (const auto& output : task->outputs) busy = busy || output->tasks > 0;
    if (busy) {
      std::fprintf(stderr, "[emulator] hbDNNInfer into outputs that another task is writing\n");
      return HB_DNN_INVALID_ARGUMENT;
    }
    ForEachBlock(*task, [](Block& block) {
      block.disturbed = false;
      block.tasks++;
    });
    task->order = next_handle_++;
    task->ready = clock_.Now() + Overhead(*task->model) / 2;
    std::uniform_real_distribution<double> chance(0, 1);
    task->hangs = chance(random_) < config_.hang;
    task->fails = chance(random_) < config_.fail_run;
    alive_[task->order] = task;
    queue_.push_back(task);
    *handle = HandleOf(task->order);
    counters_.submitted++;
    counters_.max_alive = std::max<uint64_t>(counters_.max_alive, alive_.size());
  }
  changed_.notify_all();
  return HB_DNN_SUCCESS;
}

int32_t Device::Wait(hbDNNTaskHandle_t handle, int32_t timeout_ms) {
  Lock lock(mutex_);
  const auto found = alive_.find(NumberOf(handle));
  if (found == alive_.end()) return HB_DNN_INVALID_TASK_HANDLE;
  const std::shared_ptr<Task> task = found->second;
  if (task->timed_out) {
    violations_++;
    std::fprintf(stderr, "[emulator] hbDNNWaitTaskDone for a task that timed out: release it\n");
    return HB_DNN_API_USE_ERROR;
  }
  const Time limit = timeout_ms > 0 ? clock_.Now() + std::chrono::milliseconds(timeout_ms) : Clock::kNever;
  const auto waiter = waiters_.insert(waiters_.end(), {task.get(), limit});
  if (!std::exchange(task->awaited, true)) counters_.awaited++;
  idle_.notify_all();
  if (config_.fail_wait > 0 && std::uniform_real_distribution<double>(0, 1)(random_) < config_.fail_wait) {
    waiters_.erase(waiter);
    return config_.wait_code;
  }
  const auto given_up = [&] { return task->released || stop_; };
  const auto finished = [&] { return task->state == Task::State::kFinished; };
  WaitUntil(lock, limit, [&] { return finished() || given_up(); });
  // While time stands still, a core may still have to finish the task at exactly the limit.
  if (clock_.mode() != ClockMode::kReal) idle_.wait(lock, [&] { return CoresIdle() || stop_; });
  if (finished()) WaitUntil(lock, std::min(task->done, limit), given_up);
  waiters_.erase(waiter);
  BecameIdle();
  if (task->released) return HB_DNN_INVALID_TASK_HANDLE;
  if (finished() && task->done <= limit) return task->status;
  task->timed_out = true;
  return HB_DNN_TIMEOUT;
}

int32_t Device::Release(hbDNNTaskHandle_t handle) {
  {
    const Lock lock(mutex_);
    const auto found = alive_.find(NumberOf(handle));
    if (found == alive_.end()) return HB_DNN_INVALID_TASK_HANDLE;
    const std::shared_ptr<Task> task = found->second;
    alive_.erase(found);
    task->released = true;
    if (task->state != Task::State::kFinished) counters_.canceled++;
    if (task->state == Task::State::kQueued) {
      queue_.remove(task);
      Finish(*task, HB_DNN_RUN_TASK_FAILED, clock_.Now());
    }
  }
  changed_.notify_all();
  return HB_DNN_SUCCESS;
}

bool Device::IsRunning(const PlaybackModel& model) {
  const Lock lock(mutex_);
  return std::any_of(alive_.begin(), alive_.end(),
                     [&](const auto& item) { return item.second->model.get() == &model; });
}

uint64_t Device::tasks() {
  const Lock lock(mutex_);
  return alive_.size();
}

TaskCounters Device::counters() {
  const Lock lock(mutex_);
  return counters_;
}

bool Device::DrawFault(double probability) {
  const Lock lock(mutex_);
  return std::uniform_real_distribution<double>(0, 1)(random_) < probability;
}

bool Device::Advance(std::chrono::microseconds time) {
  Lock lock(mutex_);
  if (clock_.mode() != ClockMode::kManual) return false;
  const Time end = clock_.Now() + time;
  for (;;) {
    const auto stepped = [this] { return clock_.mode() == ClockMode::kManual; };
    idle_.wait(lock, [&] { return Idle() || stop_ || !stepped(); });
    if (!stepped()) return false;
    if (stop_ || clock_.Now() >= end) return true;
    clock_.Set(std::min(NextEvent(), end));
    changed_.notify_all();
  }
}

bool Device::Await(uint64_t tasks, std::chrono::milliseconds patience) {
  Lock lock(mutex_);
  return idle_.wait_for(lock, patience, [&] { return counters_.awaited >= tasks; });
}

bool Device::WaitUntil(Lock& lock, Time limit, const std::function<bool()>& done) {
  while (!done()) {
    if (clock_.Now() >= limit) return false;
    idle_.notify_all();
    if (SkipToNextEvent()) continue;
    if (clock_.mode() != ClockMode::kReal || limit == Clock::kNever) {
      changed_.wait(lock);
    } else {
      changed_.wait_until(lock, clock_.ToReal(limit));
    }
  }
  return true;
}

bool Device::CoresIdle() {
  const Time now = clock_.Now();
  return std::all_of(cores_.begin(), cores_.end(), [&](const Core& core) {
    switch (core.state) {
      case Core::State::kWaiting:
        return NextStartable(core.index) == queue_.end();
      case Core::State::kRunningTask:
        return now < core.until && !core.task->released;
      case Core::State::kStopping:
        return now < core.until;
      default:
        return false;
    }
  });
}

bool Device::Idle() {
  const Time now = clock_.Now();
  return CoresIdle() && std::all_of(waiters_.begin(), waiters_.end(), [&](const Waiter& waiter) {
           return now < waiter.until() && !waiter.task->released;
         });
}

Time Device::NextEvent() const {
  const Time now = clock_.Now();
  Time next = Clock::kNever;
  const auto look = [&](Time time) {
    if (time > now) next = std::min(next, time);
  };
  for (const Core& core : cores_) look(core.until);
  for (const Waiter& waiter : waiters_) look(waiter.until());
  for (const auto& task : queue_) look(task->ready);
  return next;
}

bool Device::SkipToNextEvent() {
  if (clock_.mode() != ClockMode::kFast || !Idle()) return false;
  const Time next = NextEvent();
  if (next == Clock::kNever) return false;
  clock_.Set(next);
  changed_.notify_all();
  return true;
}

void Device::BecameIdle() {
  idle_.notify_all();
  SkipToNextEvent();
}

}  // namespace emulator
