#include "bpu/engine.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <set>
#include <string>

#include "bpu/failure.h"
#include "thread_name.h"
#include "thread_schedule.h"

namespace bpu {
namespace {

/** Engines that are open. Never destroyed: the exit handler may run after static destructors. */
struct EngineRegistry {
  std::mutex mutex;
  std::set<Engine*> engines;
  std::set<const Library*> libraries;
};

EngineRegistry& OpenEngines() {
  static auto* alive = new EngineRegistry;
  return *alive;
}

std::atomic<int> abandoned{0};

/** How long a hanging frame is waited for when the process or a worker thread ends. */
AbandonableWait::Clock::time_point Deadline() {
  return AbandonableWait::Clock::now() + std::chrono::milliseconds(800);
}

}  // namespace

Engine::Engine(const Options& options, Done done, camera::SlotTable::Grant grant) : done_(std::move(done)) {
  model_ = std::make_shared<Model>(Library::Load(options.library), options.file, options.model);
  RegisterExitHandler(*model_->library());
  const auto all = static_cast<size_t>(options.slots) + static_cast<size_t>(options.spare);
  // If the BPU stalls once, all frames in flight time out together. The engine must survive that.
  const size_t held = 2 * static_cast<size_t>(options.slots) + 2;
  const auto quarantine = std::make_shared<Quarantine>(model_, options.schedule.core, held, all);
  std::vector<std::shared_ptr<camera::ModelInput>> inputs;
  for (size_t i = 0; i < all; i++) {
    inputs.push_back(std::make_shared<BpuInput>(*model_));
    workers_.push_back(std::make_shared<Worker>(model_, quarantine, options.schedule));
  }
  width_ = inputs[0]->target().width;
  height_ = inputs[0]->target().height;
  table_ = std::make_shared<camera::SlotTable>(
      std::move(inputs), options.slots, [this](int slot) { Begin(slot, {}); }, std::move(grant));
  // Threads last: an allocation that fails above leaves none behind. Under the lock, so that the exit handler
  // sees either no thread or all of them.
  const std::lock_guard<std::mutex> lock(OpenEngines().mutex);
  OpenEngines().engines.insert(this);
  try {
    for (int i = 0; i < slots(); i++) {
      const auto& worker = workers_[static_cast<size_t>(i)];
      worker->thread = std::thread([this, i, own = worker]() mutable {
        if (Run(i, *own)) {
          own->wait.ThreadEnded();
          return;
        }
        // The destructor returns its memory to libdnn. Only then may the process exit normally.
        own.reset();
        abandoned--;
      });
    }
  } catch (const std::exception& error) {
    OpenEngines().engines.erase(this);
    StopThreads(Deadline());
    throw Failure("a thread for each slot", error.what(), "Use fewer slots.");
  }
}

Engine::~Engine() {
  {
    const std::lock_guard<std::mutex> lock(OpenEngines().mutex);
    OpenEngines().engines.erase(this);
  }
  StopThreads(Deadline());
}

int Engine::abandoned_threads() { return abandoned; }

void Engine::RegisterExitHandler(const Library& library) {
  EngineRegistry& alive = OpenEngines();
  const std::lock_guard<std::mutex> lock(alive.mutex);
  // Registered after the library is in use, so that it runs before the library's own static destructors.
  if (!alive.libraries.insert(&library).second) return;
#ifdef __GLIBC__
  on_exit(OnProcessExit, nullptr);
#else
  std::atexit([] { OnProcessExit(EXIT_FAILURE, nullptr); });
#endif
}

void Engine::OnProcessExit(int status, void*) {
  const std::lock_guard<std::mutex> lock(OpenEngines().mutex);
  // Signal all engines first, so that they wait for their frames in parallel.
  const auto deadline = Deadline();
  for (Engine* engine : OpenEngines().engines) engine->BeginFastShutdown();
  for (Engine* engine : OpenEngines().engines) engine->Shutdown(deadline);
  OpenEngines().engines.clear();
  if (abandoned > 0) {
    // A library's static destructors must not run while a thread is inside it, and that thread cannot be
    // interrupted. End the process here, with its intended status.
    std::fflush(nullptr);
    _exit(status);
  }
  // This includes blocks of closed engines whose tensors are still referenced.
  BpuMemory::FreeAll();
}

void Engine::Shutdown(AbandonableWait::Clock::time_point deadline) {
  StopThreads(deadline);
  workers_.clear();
  model_.reset();
}

void Engine::StopThreads(AbandonableWait::Clock::time_point deadline) {
  table_->Close();
  for (const auto& worker : workers_) {
    {
      const std::lock_guard<std::mutex> lock(worker->mutex);
      worker->stop = true;
    }
    worker->changed.notify_one();
  }
  for (const auto& worker : workers_) {
    if (!worker->thread.joinable()) continue;
    if (fast_shutdown_ && worker->wait.AbandonAfter(deadline)) {
      abandoned++;
      worker->thread.detach();
    } else {
      worker->thread.join();
    }
  }
  table_->FreeMemory();
}

void Engine::Start(int slot, const SubmittedFrame& frame) { Begin(slot, frame); }

void Engine::Begin(int slot, const std::optional<SubmittedFrame>& frame) {
  Worker& worker = *workers_[static_cast<size_t>(slot)];
  {
    const std::lock_guard<std::mutex> lock(worker.mutex);
    worker.begin = true;
    worker.frame = frame;
  }
  worker.changed.notify_one();
}

std::shared_ptr<camera::Attachment> Engine::Attach(int queue_size, uint32_t number,
                                                   std::shared_ptr<camera::SharedCounters> counters) {
  std::vector<std::shared_ptr<camera::ModelInput>> inputs;
  try {
    for (int i = 0; i < queue_size; i++) inputs.push_back(std::make_shared<BpuInput>(*model_));
  } catch (const Failure& failure) {
    const std::string count = std::to_string(queue_size);
    const std::string bytes = std::to_string(static_cast<int64_t>(width_) * height_ * 3 / 2);
    throw Failure("BPU memory for the waiting frames of a camera: " + count + " of " + bytes +
                      " bytes each (queue_size is " + count + ")",
                  failure.received + " for number " + std::to_string(inputs.size() + 1),
                  "Lower queue_size, or close other programs that use the BPU.");
  }
  return table_->Attach(std::move(inputs), number, std::move(counters));
}

void Engine::ReserveAhead() {
  const std::lock_guard<std::mutex> lock(ahead_mutex_);
  for (const auto& worker : workers_) {
    if (!worker->found) worker->found = std::make_shared<decode::Found>();
  }
}

void Engine::SetPlan(std::shared_ptr<const decode::Plan> plan) noexcept {
  const std::lock_guard<std::mutex> lock(ahead_mutex_);
  // The caller frees the former one after the lock is released.
  plan_.swap(plan);
}

std::shared_ptr<decode::Found> Engine::found(int slot) {
  const std::lock_guard<std::mutex> lock(ahead_mutex_);
  return workers_[static_cast<size_t>(slot)]->found;
}

void Engine::LookAhead(Worker& worker, bool answered) noexcept {
  std::shared_ptr<const decode::Plan> plan;
  std::shared_ptr<decode::Found> found;
  {
    const std::lock_guard<std::mutex> lock(ahead_mutex_);
    plan = plan_;
    found = worker.found;
  }
  if (!found) return;
  found->numbers[0] = found->numbers[1] = found->numbers[2] = 0;
  const auto& outputs = worker.slot.outputs();
  if (!plan || !answered || !outputs) return;
  try {
    worker.looked_at.clear();
    for (const auto& output : outputs->memory) worker.looked_at.push_back(output->data());
    worker.ahead.Run(decode::ChosenKernels(), *plan, worker.looked_at, *found);
  } catch (...) {
    // Without memory, decoding is left to JavaScript, which can report it.
    found->numbers[0] = 0;
  }
}

bool Engine::Run(int index, Worker& worker) {
  NameThread(("bpu slot " + std::to_string(index)).c_str());
  ThreadSchedule::Apply("bpu");
  std::unique_lock<std::mutex> lock(worker.mutex);
  for (;;) {
    worker.changed.wait(lock, [&] { return worker.begin || worker.stop; });
    if (!worker.begin) return true;
    worker.begin = false;
    const std::optional<SubmittedFrame> frame = worker.frame;
    lock.unlock();
    camera::SlotTable::SlotState& state = table_->state(index);
    auto outcome = worker.slot.Run(state.input, frame ? &*frame : nullptr, worker.wait);
    if (!outcome) return false;
    state.lacks_memory = !worker.slot.outputs();
    // Start the next waiting frame first: the BPU should not idle while this result is being read.
    table_->Finished(index);
    worker.slot.Collect(*outcome);
    if (!fast_shutdown_) LookAhead(worker, !outcome->failure);
    // Checked again, because the engine may have begun to end.
    if (!fast_shutdown_) done_(index, std::move(*outcome));
    lock.lock();
  }
}

}  // namespace bpu
