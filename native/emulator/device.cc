#include "emulator/device.h"

#include <algorithm>
#include <cstdio>
#include <tuple>
#include <utility>

#include "thread_name.h"

namespace emulator {
namespace {

constexpr size_t kMostTasks = 32;
hbDNNTaskHandle_t AsHandle(uint64_t number) { return reinterpret_cast<hbDNNTaskHandle_t>(number); }
uint64_t AsNumber(hbDNNTaskHandle_t handle) { return reinterpret_cast<uint64_t>(handle); }

template <typename Action>
void ForBlocks(Task& task, Action action) {
  for (const auto& block : task.inputs) action(*block);
  for (const auto& block : task.outputs) action(*block);
}

/** What the BPU sees of the input picture. */
uint64_t HashInput(const Task& task) {
  const int width = task.model->width();
  const int height = task.model->height();
  const size_t stride = static_cast<size_t>(task.input_stride);
  const uint8_t* luma = task.inputs[0]->DeviceRead();
  const uint8_t* chroma =
      task.inputs.size() > 1 ? task.inputs[1]->DeviceRead() : luma + stride * static_cast<size_t>(height);
  PictureHash hash;
  for (int y = 0; y < height; y++) hash.AddRow(luma + stride * static_cast<size_t>(y), width);
  for (int y = 0; y < height / 2; y++) hash.AddRow(chroma + stride * static_cast<size_t>(y), width);
  return hash.value();
}

}  // namespace

Device::~Device() {
  {
    const Lock lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  rested_.notify_all();
  for (Core& core : cores_) {
    if (core.thread.joinable()) core.thread.join();
  }
}

void Device::Configure(const Config& config) {
  const Lock lock(mutex_);
  // First what may fail: a board whose cores could not start stays as it was.
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
  clock_.Use(config.pace);
  // What waits by the former clock goes on by this one.
  changed_.notify_all();
  rested_.notify_all();
}

void Device::RunOut() {
  const Lock lock(mutex_);
  if (clock_.pace() != Pace::kManual) return;
  clock_.Use(Pace::kFast);
  changed_.notify_all();
  rested_.notify_all();
}

Config Device::config() {
  const Lock lock(mutex_);
  return config_;
}

int32_t Device::Submit(const std::shared_ptr<Task>& task, hbDNNTaskHandle_t* handle) {
  {
    const Lock lock(mutex_);
    if (alive_.size() >= kMostTasks) return HB_DNN_TASK_NUM_EXCEED_LIMIT;
    if (task->core >= config_.cores) return HB_DNN_INVALID_ARGUMENT;
    bool busy = false;
    for (const auto& output : task->outputs) busy = busy || output->tasks > 0;
    if (busy) {
      std::fprintf(stderr, "[emulator] hbDNNInfer into outputs that another task is writing\n");
      return HB_DNN_INVALID_ARGUMENT;
    }
    ForBlocks(*task, [](Block& block) {
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
    *handle = AsHandle(task->order);
    counters_.submitted++;
    counters_.most_alive = std::max<uint64_t>(counters_.most_alive, alive_.size());
  }
  changed_.notify_all();
  return HB_DNN_SUCCESS;
}

int32_t Device::Wait(hbDNNTaskHandle_t handle, int32_t timeout_ms) {
  Lock lock(mutex_);
  const auto found = alive_.find(AsNumber(handle));
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
  rested_.notify_all();
  if (config_.fail_wait > 0 && std::uniform_real_distribution<double>(0, 1)(random_) < config_.fail_wait) {
    waiters_.erase(waiter);
    return config_.wait_code;
  }
  const auto given_up = [&] { return task->released || stop_; };
  const auto finished = [&] { return task->state == Task::State::kFinished; };
  WaitUntil(lock, limit, [&] { return finished() || given_up(); });
  // Where time stands still, a core may have to finish the task in the moment of the limit.
  if (clock_.pace() != Pace::kReal) rested_.wait(lock, [&] { return CoresSettled() || stop_; });
  if (finished()) WaitUntil(lock, std::min(task->done, limit), given_up);
  waiters_.erase(waiter);
  Rested();
  if (task->released) return HB_DNN_INVALID_TASK_HANDLE;
  if (finished() && task->done <= limit) return task->status;
  task->timed_out = true;
  return HB_DNN_TIMEOUT;
}

int32_t Device::Release(hbDNNTaskHandle_t handle) {
  {
    const Lock lock(mutex_);
    const auto found = alive_.find(AsNumber(handle));
    if (found == alive_.end()) return HB_DNN_INVALID_TASK_HANDLE;
    const std::shared_ptr<Task> task = found->second;
    alive_.erase(found);
    task->released = true;
    if (task->state != Task::State::kFinished) counters_.cancelled++;
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

Counters Device::counters() {
  const Lock lock(mutex_);
  return counters_;
}

bool Device::Draw(double probability) {
  const Lock lock(mutex_);
  return std::uniform_real_distribution<double>(0, 1)(random_) < probability;
}

bool Device::Advance(std::chrono::microseconds time) {
  Lock lock(mutex_);
  if (clock_.pace() != Pace::kManual) return false;
  const Time end = clock_.Now() + time;
  for (;;) {
    const auto stepped = [this] { return clock_.pace() == Pace::kManual; };
    rested_.wait(lock, [&] { return Settled() || stop_ || !stepped(); });
    if (!stepped()) return false;
    if (stop_ || clock_.Now() >= end) return true;
    clock_.Set(std::min(NextEvent(), end));
    changed_.notify_all();
  }
}

bool Device::Await(uint64_t tasks, std::chrono::milliseconds patience) {
  Lock lock(mutex_);
  return rested_.wait_for(lock, patience, [&] { return counters_.awaited >= tasks; });
}

template <typename Done>
bool Device::WaitUntil(Lock& lock, Time limit, const Done& done) {
  while (!done()) {
    if (clock_.Now() >= limit) return false;
    rested_.notify_all();
    if (Leap()) continue;
    if (clock_.pace() != Pace::kReal || limit == Clock::kNever) {
      changed_.wait(lock);
    } else {
      changed_.wait_until(lock, clock_.Outside(limit));
    }
  }
  return true;
}

bool Device::CoresSettled() {
  const Time now = clock_.Now();
  return std::all_of(cores_.begin(), cores_.end(), [&](const Core& core) {
    switch (core.state) {
      case Core::State::kTakes:
        return Startable(core.index) == queue_.end();
      case Core::State::kRuns:
        return now < core.until && !core.task->released;
      case Core::State::kStops:
        return now < core.until;
      default:
        return false;
    }
  });
}

bool Device::Settled() {
  const Time now = clock_.Now();
  return CoresSettled() && std::all_of(waiters_.begin(), waiters_.end(), [&](const Waiter& waiter) {
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

bool Device::Leap() {
  if (clock_.pace() != Pace::kFast || !Settled()) return false;
  const Time next = NextEvent();
  if (next == Clock::kNever) return false;
  clock_.Set(next);
  changed_.notify_all();
  return true;
}

void Device::Rested() {
  rested_.notify_all();
  Leap();
}

void Device::RunCore(Core& core) {
  NameThread("emulated BPU");
  Lock lock(mutex_);
  while (const std::shared_ptr<Task> task = NextTask(lock, core)) Execute(lock, core, *task);
}

std::list<std::shared_ptr<Task>>::iterator Device::Startable(int core) {
  const Time now = clock_.Now();
  auto best = queue_.end();
  if (core >= config_.cores) return best;
  const auto urgency = [](const Task& task) {
    return std::make_tuple(-task.priority, task.custom_id, task.order);
  };
  for (auto item = queue_.begin(); item != queue_.end(); ++item) {
    const Task& task = **item;
    if ((task.core >= 0 && task.core != core) || task.ready > now) continue;
    if (best == queue_.end() || urgency(task) < urgency(**best)) best = item;
  }
  return best;
}

/** Waits for a task this core may begin: of those that are ready, the most urgent. Null at the end. */
std::shared_ptr<Task> Device::NextTask(Lock& lock, Core& core) {
  core.state = Core::State::kTakes;
  core.until = Clock::kNever;
  for (;;) {
    if (stop_) return nullptr;
    const auto best = Startable(core.index);
    if (best != queue_.end()) {
      const std::shared_ptr<Task> task = *best;
      queue_.erase(best);
      task->state = Task::State::kRunning;
      core.state = Core::State::kWorks;
      return task;
    }
    // Until the next one is ready, or the queue is another.
    Time ready = Clock::kNever;
    const Time now = clock_.Now();
    for (const auto& task : queue_) {
      if (task->ready > now) ready = std::min(ready, task->ready);
    }
    const uint64_t newest = next_handle_;
    WaitUntil(lock, ready,
              [&] { return stop_ || next_handle_ != newest || Startable(core.index) != queue_.end(); });
  }
}

void Device::Execute(Lock& lock, Core& core, Task& task) {
  const auto stopped = [&] { return task.released || stop_; };
  const Time end = std::max(task.ready, core.free) + Busy(*task.model);
  if (task.hangs) counters_.hung++;
  core.task = &task;
  core.state = Core::State::kRuns;
  core.until = task.hangs ? Clock::kNever : end;
  const bool cancelled = WaitUntil(lock, core.until, stopped);
  core.task = nullptr;
  if (cancelled) {
    core.state = Core::State::kStops;
    core.until = clock_.Now() + std::chrono::microseconds(config_.stop_us);
    WaitUntil(lock, core.until, [&] { return stop_; });
    // The runtime takes the task for over.
    Finish(task, HB_DNN_RUN_TASK_FAILED, clock_.Now());
    if (config_.late_us > 0) {
      core.until = clock_.Now() + std::chrono::microseconds(config_.late_us);
      if (!WaitUntil(lock, core.until, [&] { return stop_; })) WriteLate(task);
    }
    core.state = Core::State::kWorks;
    core.free = clock_.Now();
    return;
  }
  core.state = Core::State::kWorks;
  core.free = end;

  // The input is looked at when the core is through with it: if it changed meanwhile, that is noticed.
  lock.unlock();
  const uint64_t hash = HashInput(task);
  lock.lock();
  const PlaybackModel& model = *task.model;
  const auto frame = model.frames.find(hash);
  const uint8_t* outputs = frame != model.frames.end() ? frame->second
                           : config_.play_unknown      ? model.first_frame
                                                       : nullptr;
  bool disturbed = false;
  ForBlocks(task, [&](Block& block) { disturbed = disturbed || block.disturbed; });
  if (!outputs) {
    std::fprintf(stderr, "[emulator] %s: no frame with hash %016llx was recorded\n", model.name.c_str(),
                 static_cast<unsigned long long>(hash));
  }
  if (task.fails) {
    Finish(task, config_.run_code, end);
  } else if (!outputs || disturbed) {
    Finish(task, HB_DNN_RUN_TASK_FAILED, end);
  } else {
    for (size_t i = 0; i < task.outputs.size(); i++) {
      const auto bytes = static_cast<uint32_t>(model.outputs[i]->properties.alignedByteSize);
      task.outputs[i]->DeviceWrite(outputs, bytes, model.file);
      outputs += bytes;
    }
    Finish(task, HB_DNN_SUCCESS, end);
  }
}

/** As the runtime is reported to do: whoever lets go of the pointer too early has something of his own
 * overwritten. */
void Device::WriteBack(Task& task) {
  if (*task.output_pointer != task.output_tensors) {
    violations_++;
    std::fprintf(stderr, "[emulator] the pointer whose address hbDNNInfer was given has changed\n");
  }
  *task.output_pointer = task.output_tensors;
}

/** What a core does that did not heed the release. */
void Device::WriteLate(Task& task) {
  counters_.late++;
  WriteBack(task);
  for (const auto& block : task.outputs) {
    if (block->freed) {
      violations_++;
      std::fprintf(stderr, "[emulator] the BPU writes to memory that was freed\n");
    }
    block->WriteLate();
  }
}

uint64_t Device::violations() {
  const Lock lock(mutex_);
  return violations_;
}

void Device::Finish(Task& task, int32_t status, Time end) {
  if (!stop_) WriteBack(task);
  task.status = status;
  task.state = Task::State::kFinished;
  task.done = end + Overhead(*task.model) / 2;
  (status == 0 ? counters_.succeeded : counters_.failed)++;
  ForBlocks(task, [](Block& block) { block.tasks--; });
  changed_.notify_all();
}

std::chrono::microseconds Device::Busy(const PlaybackModel& model) const {
  return std::chrono::microseconds(config_.busy_us >= 0 ? config_.busy_us : model.busy_us);
}

std::chrono::microseconds Device::Overhead(const PlaybackModel& model) const {
  return std::chrono::microseconds(config_.overhead_us >= 0 ? config_.overhead_us : model.overhead_us);
}

}  // namespace emulator
