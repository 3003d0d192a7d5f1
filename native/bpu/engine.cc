#include "bpu/engine.h"

#include <cstdlib>
#include <set>

#include "bpu/failure.h"

namespace bpu {
namespace {

/** Engines that are alive. Never destroyed: the handler at exit needs them whatever was destroyed before. */
struct Alive {
  std::mutex mutex;
  std::set<Engine*> engines;
  std::set<const Library*> libraries;
};

Alive& TheAlive() {
  static auto* alive = new Alive;
  return *alive;
}

}  // namespace

Engine::Engine(const Options& options, Done done) : schedule_(options.schedule), done_(std::move(done)) {
  model_ = std::make_shared<Model>(Library::Load(options.library), options.file, options.model);
  for (int i = 0; i < options.slots; i++) lanes_.push_back(std::make_unique<Lane>(model_));
  // Threads last: an allocation that fails above leaves none behind.
  try {
    for (int i = 0; i < options.slots; i++)
      lanes_[static_cast<size_t>(i)]->thread = std::thread([this, i] { Run(i); });
  } catch (const std::exception& error) {
    Stop();
    throw Failure("a thread for each slot", error.what(), "Use fewer slots.");
  }
  EndAllAtExit(*model_->library());
  const std::lock_guard<std::mutex> lock(TheAlive().mutex);
  TheAlive().engines.insert(this);
}

Engine::~Engine() {
  {
    const std::lock_guard<std::mutex> lock(TheAlive().mutex);
    TheAlive().engines.erase(this);
  }
  Stop();
}

void Engine::EndAllAtExit(const Library& library) {
  Alive& alive = TheAlive();
  const std::lock_guard<std::mutex> lock(alive.mutex);
  // Registered after the library was used, so that it runs before the library's own destructors.
  if (alive.libraries.insert(&library).second) {
    std::atexit([] {
      const std::lock_guard<std::mutex> exit_lock(TheAlive().mutex);
      for (Engine* engine : TheAlive().engines) engine->End();
    });
  }
}

void Engine::End() {
  ending_ = true;
  Stop();
  for (const auto& lane : lanes_) {
    for (const auto& memory : lane->slot.outputs()) memory->Free();
  }
  lanes_.clear();
  model_.reset();
}

void Engine::Stop() {
  for (const auto& lane : lanes_) {
    {
      const std::lock_guard<std::mutex> lock(lane->mutex);
      lane->stop = true;
    }
    lane->changed.notify_one();
  }
  for (const auto& lane : lanes_) {
    if (lane->thread.joinable()) lane->thread.join();
  }
}

bool Engine::Start(int slot, const Frame& frame) {
  Lane& lane = *lanes_[static_cast<size_t>(slot)];
  {
    const std::lock_guard<std::mutex> lock(lane.mutex);
    if (lane.busy) return false;
    lane.busy = true;
    lane.frame = frame;
  }
  lane.changed.notify_one();
  return true;
}

void Engine::Run(int index) {
  Lane& lane = *lanes_[static_cast<size_t>(index)];
  std::unique_lock<std::mutex> lock(lane.mutex);
  for (;;) {
    lane.changed.wait(lock, [&] { return lane.frame || lane.stop; });
    if (!lane.frame) return;
    const Frame frame = *lane.frame;
    lane.frame.reset();
    lock.unlock();
    const Outcome outcome = lane.slot.Run(frame, schedule_);
    lock.lock();
    lane.busy = false;
    lock.unlock();
    if (!ending_) done_(index, outcome);
    lock.lock();
  }
}

}  // namespace bpu
