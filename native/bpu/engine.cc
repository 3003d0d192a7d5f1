#include "bpu/engine.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <set>
#include <string>

#include "bpu/failure.h"
#include "thread_name.h"

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

std::atomic<int> given_up{0};

/** From when on a frame that hangs is not waited for, where the process or a worker thread ends. */
Away::Clock::time_point Deadline() { return Away::Clock::now() + std::chrono::milliseconds(800); }

}  // namespace

Engine::Engine(const Options& options, Done done, camera::SlotTable::Grant grant) : done_(std::move(done)) {
  model_ = std::make_shared<Model>(Library::Load(options.library), options.file, options.model);
  EndAllAtExit(*model_->library());
  const auto all = static_cast<size_t>(options.slots + options.spare);
  // All frames in flight time out together when the BPU is held up once; that must not be the end.
  const size_t held = 2 * static_cast<size_t>(options.slots) + 2;
  const auto quarantine = std::make_shared<Quarantine>(model_, options.schedule.core, held, all);
  std::vector<std::shared_ptr<camera::Input>> inputs;
  for (size_t i = 0; i < all; i++) {
    inputs.push_back(std::make_shared<Input>(*model_));
    lanes_.push_back(std::make_shared<Lane>(model_, quarantine, options.schedule));
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
    for (int i = 0; i < slots(); i++) {
      const auto& lane = lanes_[static_cast<size_t>(i)];
      lane->thread = std::thread([this, i, own = lane]() mutable {
        if (Run(i, *own)) {
          own->away.End();
          return;
        }
        // What it holds is given back to libdnn before the process may end as usual.
        own.reset();
        given_up--;
      });
    }
  } catch (const std::exception& error) {
    TheAlive().engines.erase(this);
    Stop(Deadline());
    throw Failure("a thread for each slot", error.what(), "Use fewer slots.");
  }
}

Engine::~Engine() {
  {
    const std::lock_guard<std::mutex> lock(TheAlive().mutex);
    TheAlive().engines.erase(this);
  }
  Stop(Deadline());
}

int Engine::threads_given_up() { return given_up; }

void Engine::EndAllAtExit(const Library& library) {
  Alive& alive = TheAlive();
  const std::lock_guard<std::mutex> lock(alive.mutex);
  // Registered after the library was used, so that it runs before the library's own destructors.
  if (!alive.libraries.insert(&library).second) return;
#ifdef __GLIBC__
  on_exit(AtExit, nullptr);
#else
  std::atexit([] { AtExit(EXIT_FAILURE, nullptr); });
#endif
}

void Engine::AtExit(int status, void*) {
  const std::lock_guard<std::mutex> lock(TheAlive().mutex);
  // All of them first: they wait for their frames side by side.
  const auto deadline = Deadline();
  for (Engine* engine : TheAlive().engines) engine->Hurry();
  for (Engine* engine : TheAlive().engines) engine->End(deadline);
  TheAlive().engines.clear();
  if (given_up > 0) {
    // Destructors of a library must not run under a thread that is within it, and that thread cannot be
    // called back: the process ends here, with the status it was to end with.
    std::fflush(nullptr);
    _exit(status);
  }
  // Those of engines that are closed, too, whose tensors somebody looks at.
  Memory::FreeAll();
}

void Engine::End(Away::Clock::time_point deadline) {
  Stop(deadline);
  lanes_.clear();
  model_.reset();
}

void Engine::Stop(Away::Clock::time_point deadline) {
  table_->Close();
  for (const auto& lane : lanes_) {
    {
      const std::lock_guard<std::mutex> lock(lane->mutex);
      lane->stop = true;
    }
    lane->changed.notify_one();
  }
  for (const auto& lane : lanes_) {
    if (!lane->thread.joinable()) continue;
    if (hurry_ && lane->away.GiveUp(deadline)) {
      given_up++;
      lane->thread.detach();
    } else {
      lane->thread.join();
    }
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

std::shared_ptr<camera::Feed> Engine::Attach(int queue, uint32_t number,
                                             std::shared_ptr<camera::Tally> tally) {
  std::vector<std::shared_ptr<camera::Input>> inputs;
  try {
    for (int i = 0; i < queue; i++) inputs.push_back(std::make_shared<Input>(*model_));
  } catch (const Failure& failure) {
    const std::string count = std::to_string(queue);
    const std::string bytes = std::to_string(static_cast<int64_t>(width_) * height_ * 3 / 2);
    throw Failure("BPU memory for the frames of a camera that may wait: " + count + " of " + bytes +
                      " bytes each, as queue_size is " + count,
                  failure.received + " at number " + std::to_string(inputs.size() + 1),
                  "Lower queue_size, or close other programs that use the BPU.");
  }
  return table_->Attach(std::move(inputs), number, std::move(tally));
}

bool Engine::Run(int index, Lane& lane) {
  NameThread(("bpu slot " + std::to_string(index)).c_str());
  std::unique_lock<std::mutex> lock(lane.mutex);
  for (;;) {
    lane.changed.wait(lock, [&] { return lane.begin || lane.stop; });
    if (!lane.begin) return true;
    lane.begin = false;
    const std::optional<Frame> frame = lane.frame;
    lock.unlock();
    camera::SlotTable::Place& place = table_->place(index);
    auto outcome = lane.slot.Run(place.input, frame ? &*frame : nullptr, lane.away);
    if (!outcome) return false;
    place.unfit = !lane.slot.outputs();
    // First the next frame, if one waits: the BPU shall not wait for whoever reads this one's result.
    table_->Answered(index);
    if (!hurry_) done_(index, std::move(*outcome));
    lock.lock();
  }
}

}  // namespace bpu
