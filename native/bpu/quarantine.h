#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "bpu/input.h"
#include "bpu/outputs.h"

namespace bpu {

/** A task from its submission on. */
struct Ticket {
  /** Later tasks have higher numbers. */
  uint64_t number = 0;
  /** The core to ask for: hbBPUCore. */
  int32_t core = HB_BPU_CORE_ANY;
  /** Whether the engine would rather have had any core, and wants to know of this one. */
  bool probe = false;
  /** Whether its memory is the canary's. */
  bool canary = false;
  /** Whether the BPU may read the canary's input still: then it must stay as it is. */
  bool written = false;
};

/**
 * BpuMemory of an engine's tasks that timed out. hbDNNReleaseTask only asks the runtime to stop such a task:
 * it returns at once, and the task goes on "to certain nodes" (the vendor's manual), or for as long as a BPU
 * that hangs likes. Until it is known to be over nobody else may have its memory, or its late result would be
 * taken for that of another frame.
 *
 * When is it over? libdnn does not tell: the handle is gone. But a core does one function call at a time, and
 * those of equal priority in the order in which they were handed in. A task that was submitted after the
 * release of another, of the same model and priority, and that ran to its end on the same core, was behind it
 * with each of its calls: whatever the core did for the earlier one is done. All tasks of an engine are of
 * one model and one priority, so its own later tasks are the proof. Of those of other engines nothing is
 * concluded, nor of tasks that failed.
 *
 * That needs to know the cores. A task for any core may have run on either of X3, so each of them must be
 * proven, by tasks that ask for it. X5 has one core and refuses the second: then every task is proof. So
 * after the first time-out the next frame asks for core 2; if that is refused, it is submitted again for any
 * core, as TROS does. On a board with two cores later frames ask for one only when kProbeInterval frames have
 * ended well since the last time-out: a frame on a core that hangs would be lost. When half of the memory
 * that there may be is held kMinProbeInterval will do, as to lose a frame is better than to lose the engine;
 * but never with the last of it.
 *
 * What is taken back is not freed, but is the first to be used after the next time-out: should the above be
 * wrong for some runtime, nothing is there to be overwritten for a while.
 *
 * When all of it is held, frames that find no memory fail. One of them at a time is submitted all the same,
 * in memory that is used for nothing else, so that it may be written to at any time: the canary. Nobody reads
 * its result, but where it ends well it is proof as any other, and the engine goes on.
 *
 * Thread-safe. No memory is allocated for frames that do not time out.
 */
class Quarantine {
 public:
  /** Frames that must end well after a time-out before another core is asked for; twice as many each time
   * that comes to nothing. */
  static constexpr uint64_t kProbeInterval = 32;
  static constexpr uint64_t kMaxProbeInterval = 4096;
  /** When half of the memory is entry. */
  static constexpr uint64_t kMinProbeInterval = 4;

  /** @param core that tasks are for @param most tasks whose memory is replaced @param slots that may time out
   * besides */
  Quarantine(std::shared_ptr<const Model> model, int32_t core, size_t max_entries, size_t slots);
  /** What is held stays until the process ends. */
  ~Quarantine();
  Quarantine(const Quarantine&) = delete;
  Quarantine& operator=(const Quarantine&) = delete;

  /** Before hbDNNInfer. */
  Ticket BeginTask();
  /** BpuMemory for a frame whose result nobody reads. @returns nothing when it is in use, or could prove
   * nothing
   * @throws Failure when there is not enough memory */
  std::optional<Ticket> BeginCanaryTask(std::shared_ptr<BpuInput>& input, std::shared_ptr<Outputs>& outputs);
  /** hbDNNInfer takes the task for any core, but not for that of the ticket, which is for any from now on.
   * @param core_missing because there is no such core */
  void CoreRefused(Ticket& ticket, bool core_missing);
  /** The runtime is through with the task, or did not take it. */
  void EndTask(const Ticket& ticket, bool succeeded);
  /** The task timed out and was released. */
  void Add(const Ticket& ticket, std::shared_ptr<BpuInput> input, std::shared_ptr<Outputs> outputs);
  /** The same of the canary's, which it keeps. */
  void AddCanary(const Ticket& ticket);

  /** BpuMemory for a slot that has none. @returns null when too much is held @throws Failure when there is no
   * more
   */
  std::shared_ptr<Outputs> TakeOutputs();
  /** What to tell of a frame that got none. */
  Failure LimitFailure();
  /** @throws Failure when there is not enough memory */
  std::shared_ptr<BpuInput> TakeInput();

 private:
  struct Entry {
    std::shared_ptr<BpuInput> input;
    std::shared_ptr<Outputs> outputs;
    /** The last task that was submitted before the release. */
    uint64_t after = 0;
    /** Cores that may still work for it. */
    unsigned unproven_cores = 0;
  };

  /** Makes it one for the core of which there should be proof. */
  void Probe(Ticket& ticket);
  /** The core was asked for in vain, where one was. */
  void ProbeFailed(const Ticket& ticket);
  void Reclaim(Entry& entry);

  const std::shared_ptr<const Model> model_;
  const int32_t core_;
  const size_t max_entries_;
  std::mutex mutex_;
  uint64_t submitted_ = 0;
  /** Tasks that succeeded since the last that timed out. */
  uint64_t successes_ = 0;
  uint64_t probe_interval_ = kProbeInterval;
  /** Cores that the board may have, and whether it is known. */
  unsigned cores_;
  bool cores_known_;
  /** A probe is on its way. */
  bool probing_ = false;
  /** The core that was last asked for in vain; any: none. */
  int32_t failed_core_ = HB_BPU_CORE_ANY;
  /** Allocated at its first use. */
  Entry canary_;
  bool canary_busy_ = false;
  // With room for all there can be: what times out needs no memory to be entry.
  std::vector<Entry> entries_;
  std::vector<std::shared_ptr<BpuInput>> inputs_;
  std::vector<std::shared_ptr<Outputs>> outputs_;
};

}  // namespace bpu
