/** How the cores of the emulated BPU run tasks. */
#include <algorithm>
#include <cstdio>
#include <memory>
#include <tuple>

#include "emulator/device.h"
#include "thread_name.h"

namespace emulator {
namespace {

/** Hash of the input picture as the BPU sees it. */
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

void Device::RunCore(Core& core) {
  NameThread("emulated BPU");
  Lock lock(mutex_);
  while (const std::shared_ptr<Task> task = NextTask(lock, core)) Execute(lock, core, *task);
}

std::list<std::shared_ptr<Task>>::iterator Device::NextStartable(int core) {
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

/**
 * Waits for a ready task that this core may run, and takes the most urgent one. Null when the device stops.
 */
std::shared_ptr<Task> Device::NextTask(Lock& lock, Core& core) {
  core.state = Core::State::kWaiting;
  core.until = Clock::kNever;
  for (;;) {
    if (stop_) return nullptr;
    const auto best = NextStartable(core.index);
    if (best != queue_.end()) {
      std::shared_ptr<Task> task = *best;
      queue_.erase(best);
      task->state = Task::State::kRunning;
      core.state = Core::State::kBusy;
      return task;
    }
    // Until the next task is ready or the queue changes.
    Time ready = Clock::kNever;
    const Time now = clock_.Now();
    for (const auto& task : queue_) {
      if (task->ready > now) ready = std::min(ready, task->ready);
    }
    const uint64_t newest = next_handle_;
    WaitUntil(lock, ready,
              [&] { return stop_ || next_handle_ != newest || NextStartable(core.index) != queue_.end(); });
  }
}

void Device::Execute(Lock& lock, Core& core, Task& task) {
  const auto stopped = [&] { return task.released || stop_; };
  const Time end = std::max(task.ready, core.free) + Busy(*task.model);
  if (task.hangs) counters_.hung++;
  core.task = &task;
  core.state = Core::State::kRunningTask;
  core.until = task.hangs ? Clock::kNever : end;
  const bool canceled = WaitUntil(lock, core.until, stopped);
  core.task = nullptr;
  if (canceled) {
    core.state = Core::State::kStopping;
    core.until = clock_.Now() + std::chrono::microseconds(config_.stop_us);
    WaitUntil(lock, core.until, [&] { return stop_; });
    // From here on the runtime considers the task finished.
    Finish(task, HB_DNN_RUN_TASK_FAILED, clock_.Now());
    if (config_.late_us > 0) {
      core.until = clock_.Now() + std::chrono::microseconds(config_.late_us);
      if (!WaitUntil(lock, core.until, [&] { return stop_; })) WriteLate(task);
    }
    core.state = Core::State::kBusy;
    core.free = clock_.Now();
    return;
  }
  core.state = Core::State::kBusy;
  core.free = end;

  // Hash the input only at the end of the task, so that changes in the meantime are noticed.
  lock.unlock();
  const uint64_t hash = HashInput(task);
  lock.lock();
  const PlaybackModel& model = *task.model;
  const auto frame = model.frames.find(hash);
  const uint8_t* outputs = frame != model.frames.end() ? frame->second
                           : config_.play_unknown      ? model.first_frame
                                                       : nullptr;
  bool disturbed = false;
  ForEachBlock(task, [&](Block& block) { disturbed = disturbed || block.disturbed; });
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

/**
 * libdnn has been observed to do this. A caller that frees the pointer too early gets its memory overwritten.
 */
void Device::WriteBack(Task& task) {
  if (*task.output_pointer != task.output_tensors) {
    violations_++;
    std::fprintf(stderr, "[emulator] the pointer whose address hbDNNInfer was given has changed\n");
  }
  *task.output_pointer = task.output_tensors;
}

/** The late write of a core that ignored the release. */
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
  ForEachBlock(task, [](Block& block) { block.tasks--; });
  changed_.notify_all();
}

std::chrono::microseconds Device::Busy(const PlaybackModel& model) const {
  return std::chrono::microseconds(config_.busy_us >= 0 ? config_.busy_us : model.busy_us);
}

std::chrono::microseconds Device::Overhead(const PlaybackModel& model) const {
  return std::chrono::microseconds(config_.overhead_us >= 0 ? config_.overhead_us : model.overhead_us);
}

}  // namespace emulator
