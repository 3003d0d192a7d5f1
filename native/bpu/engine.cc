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

Engine::Engine(const Options& options, Done done, camera::SlotTable::Grant grant)
    : schedule_(options.schedule), done_(std::move(done)) {
  model_ = std::make_shared<Model>(Library::Load(options.library), options.file, options.model);
  EndAllAtExit(*model_->library());
  std::vector<std::shared_ptr<camera::Input>> inputs;
  for (int i = 0; i < options.slots + options.spare; i++) {
    inputs.push_back(std::make_shared<Input>(*model_));
    lanes_.push_back(std::make_unique<Lane>(model_));
  }
  width_ = inputs[0]->target().width;
  height_ = inputs[0]->target().height;
  table_ = std::make_shared<camera::SlotTable>(
      std::move(inputs), options.slots, [this](int slot) { Begin(slot, {}); }, std::move(grant));
  // Threads last: an allocation that fails above leaves none behind. Under the lock, so that the end of the
  // process does not find half of them.
  const std::lock_guard<std::mutex> lock(TheAlive().mutex);
  TheAlive().engines.insert(this);
  try {
    for (int i = 0; i < slots(); i++)
      lanes_[static_cast<size_t>(i)]->thread = std::thread([this, i] { Run(i); });
  } catch (const std::exception& error) {
    TheAlive().engines.erase(this);
    Stop();
    throw Failure("a thread for each slot", error.what(), "Use fewer slots.");
  }
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
      // All of them first: they wait for their frames side by side.
      for (Engine* engine : TheAlive().engines) engine->Hurry();
      for (Engine* engine : TheAlive().engines) engine->End();
      TheAlive().engines.clear();
      // Those of engines that are closed, too, whose tensors somebody looks at.
      Memory::FreeAll();
    });
  }
}

void Engine::End() {
  Stop();
  lanes_.clear();
  model_.reset();
}

void Engine::Stop() {
  table_->Close();
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
  table_->FreePlaces();
}

void Engine::Start(int slot, const Frame& frame) { Begin(slot, frame); }

void Engine::Begin(int slot, const std::optional<Frame>& frame) {
  Lane& lane = *lanes_[static_cast<size_t>(slot)];
  {
    const std::lock_guard<std::mutex> lock(lane.mutex);
    lane.begin = true;
    lane.frame = frame;
  }
  lane.changed.notify_one();
}

std::shared_ptr<camera::Feed> Engine::Attach(uint32_t number, std::shared_ptr<camera::Tally> tally) {
  return table_->Attach(std::make_shared<Input>(*model_), number, std::move(tally));
}

void Engine::Run(int index) {
  Lane& lane = *lanes_[static_cast<size_t>(index)];
  std::unique_lock<std::mutex> lock(lane.mutex);
  for (;;) {
    lane.changed.wait(lock, [&] { return lane.begin || lane.stop; });
    if (!lane.begin) return;
    lane.begin = false;
    const std::optional<Frame> frame = lane.frame;
    lock.unlock();
    auto& input = static_cast<Input&>(*table_->place(index).input);
    Outcome outcome = lane.slot.Run(input, frame ? &*frame : nullptr, schedule_, hurry_);
    // First the next frame, if one waits: the BPU shall not wait for whoever reads this one's result.
    table_->Answered(index);
    if (!hurry_) done_(index, std::move(outcome));
    lock.lock();
  }
}

}  // namespace bpu
