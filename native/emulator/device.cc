#include "emulator/device.h"

#include <algorithm>
#include <cstdio>
#include <tuple>

namespace emulator {
namespace {

constexpr size_t kMostTasks = 32;
/** After the release of a running task the BPU works on for this long. */
constexpr std::chrono::milliseconds kStopping{2};

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
  for (std::thread& core : cores_) core.join();
}

void Device::Configure(const Config& config) {
  const Lock lock(mutex_);
  config_ = config;
  random_.seed(config.seed);
  for (int core = static_cast<int>(cores_.size()); core < config.cores; core++) {
    cores_.emplace_back([this, core] { RunCore(core); });
  }
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
    task->ready = Clock::now() + Overhead(*task->model) / 2;
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
  const auto limit =
      timeout_ms > 0 ? Clock::now() + std::chrono::milliseconds(timeout_ms) : Clock::time_point::max();
  const auto finished = [&] { return task->state == Task::State::kFinished || task->released || stop_; };
  if (timeout_ms > 0) {
    changed_.wait_until(lock, limit, finished);
  } else {
    changed_.wait(lock, finished);
  }
  if (task->released) return HB_DNN_INVALID_TASK_HANDLE;
  if (task->state != Task::State::kFinished) return HB_DNN_TIMEOUT;
  const auto done = task->done;
  lock.unlock();
  std::this_thread::sleep_until(std::min(done, limit));
  return done > limit ? HB_DNN_TIMEOUT : task->status;
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
      Finish(*task, HB_DNN_RUN_TASK_FAILED, Clock::now());
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

void Device::RunCore(int core) {
  Clock::time_point core_free = Clock::now();
  Lock lock(mutex_);
  while (const std::shared_ptr<Task> task = NextTask(lock, core)) Execute(lock, *task, core_free);
}

/** Waits for a task this core may begin: of those that are ready, the most urgent. Null at the end. */
std::shared_ptr<Task> Device::NextTask(Lock& lock, int core) {
  while (!stop_) {
    const auto now = Clock::now();
    auto earliest = Clock::time_point::max();
    auto best = queue_.end();
    const auto urgency = [](const Task& task) {
      return std::make_tuple(-task.priority, task.custom_id, task.order);
    };
    for (auto item = queue_.begin(); item != queue_.end(); ++item) {
      const Task& task = **item;
      if (task.core >= 0 && task.core != core) continue;
      earliest = std::min(earliest, task.ready);
      if (task.ready <= now && (best == queue_.end() || urgency(task) < urgency(**best))) best = item;
    }
    if (best != queue_.end()) {
      const std::shared_ptr<Task> task = *best;
      queue_.erase(best);
      task->state = Task::State::kRunning;
      return task;
    }
    if (earliest == Clock::time_point::max()) {
      changed_.wait(lock);
    } else {
      changed_.wait_until(lock, earliest);
    }
  }
  return nullptr;
}

void Device::Execute(Lock& lock, Task& task, Clock::time_point& core_free) {
  const auto stopped = [&] { return task.released || stop_; };
  const auto end = std::max(task.ready, core_free) + Busy(*task.model);
  bool cancelled;
  if (task.hangs) {
    counters_.hung++;
    changed_.wait(lock, stopped);
    cancelled = true;
  } else {
    cancelled = changed_.wait_until(lock, end, stopped);
  }
  if (cancelled) {
    changed_.wait_for(lock, kStopping, [&] { return stop_; });
    core_free = Clock::now();
    Finish(task, HB_DNN_RUN_TASK_FAILED, core_free);
    return;
  }
  core_free = end;

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

void Device::Finish(Task& task, int32_t status, Clock::time_point end) {
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
