#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "bpu/input.h"
#include "bpu/outputs.h"

namespace bpu {

/** A submitted task. */
struct Ticket {
  /** Increases with each task. */
  uint64_t number = 0;
  /** The core to request, an hbBPUCore. */
  int32_t core = HB_BPU_CORE_ANY;
  /**
   * Whether the task asks for one core only to find out about that core; the engine itself would accept any.
   */
  bool probe = false;
  /** Whether it runs in the canary's memory. */
  bool canary = false;
  /** Whether the BPU may still be reading the canary's input, which must then not change. */
  bool written = false;
};

/**
 * Memory of an engine's timed-out tasks.
 *
 * hbDNNReleaseTask only asks the runtime to stop a task. It returns at once, and the task continues "to
 * certain nodes" (hbDNN API manual), or indefinitely on a BPU that hangs. Until the task is known to be over,
 * its memory must not be reused: a late result would be taken for the result of another frame.
 *
 * libdnn does not say when a released task is over, because its handle is gone. It can be inferred. A core
 * executes one function call at a time, and calls of equal priority in submission order. So if a task B was
 * submitted after task A was released, with the same model and priority, and B completed on the same core,
 * the core is done with A. All tasks of an engine share one model and one priority, so an engine's own later
 * tasks are the proof. Tasks of other engines and failed tasks prove nothing.
 *
 * This requires knowing the core. A task submitted for any core may have run on either core of an X3, so each
 * core needs its own proof, from a task that requests it. An X5 has one core and refuses core 2; there every
 * later task is proof. Hence, after the first timeout the next frame requests core 2. If that is refused, it
 * is submitted again for any core, as TROS does. On a board with two cores, later frames request a specific
 * core only once kProbeInterval frames have succeeded since the last timeout, because a frame sent to a
 * hanging core is lost. When half of the entries are used, kMinProbeInterval frames suffice: losing a frame
 * is better than losing the engine. The last free entry is never risked.
 *
 * Reclaimed memory is not freed. It is reused at the next timeout, oldest first, so that even if the
 * reasoning above were wrong for some runtime, a late write would most likely hit unused memory.
 *
 * When all entries are used, frames fail for lack of memory. One of them at a time is still submitted, in
 * memory reserved for this purpose: the canary. Its result is discarded, but its success is proof like any
 * other, so the engine recovers.
 *
 * Thread-safe. Frames that do not time out allocate no memory.
 */
class Quarantine {
 public:
  /**
   * Frames that must succeed after a timeout before a specific core is requested; doubles after each failed
   * probe.
   */
  static constexpr uint64_t kProbeInterval = 32;
  static constexpr uint64_t kMaxProbeInterval = 4096;
  /** When half of the entries are used. */
  static constexpr uint64_t kMinProbeInterval = 4;

  /**
   * @param core the engine's tasks request
   * @param max_entries tasks whose memory is replaced
   * @param slots that may time out in addition
   */
  Quarantine(std::shared_ptr<const Model> model, int32_t core, size_t max_entries, size_t slots);
  /** Memory still quarantined stays allocated until the process ends. */
  ~Quarantine();
  Quarantine(const Quarantine&) = delete;
  Quarantine& operator=(const Quarantine&) = delete;

  /** Call before hbDNNInfer. */
  Ticket BeginTask();
  /**
   * Memory for a frame whose result is discarded.
   * @returns nothing when the canary is busy, or nothing is quarantined
   * @throws Failure when there is not enough memory
   */
  std::optional<Ticket> BeginCanaryTask(std::shared_ptr<BpuInput>& input, std::shared_ptr<Outputs>& outputs);
  /**
   * hbDNNInfer refused the ticket's core but accepted the task for any core. The ticket is for any core from
   * now on.
   * @param core_missing because the board has no such core
   */
  void CoreRefused(Ticket& ticket, bool core_missing);
  /** The task finished, or was not accepted. */
  void EndTask(const Ticket& ticket, bool succeeded);
  /** The task timed out and was released: quarantines its memory. */
  void Add(const Ticket& ticket, std::shared_ptr<BpuInput> input, std::shared_ptr<Outputs> outputs);
  /** The same for the canary, which keeps its memory. */
  void AddCanary(const Ticket& ticket);

  /**
   * Memory for a slot that has none.
   * @returns null when too much is quarantined
   * @throws Failure when there is not enough memory
   */
  std::shared_ptr<Outputs> TakeOutputs();
  /** The failure of a frame that got no memory. */
  Failure LimitFailure();
  /** @throws Failure when there is not enough memory */
  std::shared_ptr<BpuInput> TakeInput();

 private:
  struct Entry {
    std::shared_ptr<BpuInput> input;
    std::shared_ptr<Outputs> outputs;
    /** The last task submitted before the release. */
    uint64_t after = 0;
    /** Bits of the cores that may still be running the task. */
    unsigned unproven_cores = 0;
  };

  /** Makes the ticket request the core that still needs proof. */
  void Probe(Ticket& ticket);
  /** The ticket's probe, if it was one, failed. */
  void ProbeFailed(const Ticket& ticket);
  void Reclaim(Entry& entry);

  const std::shared_ptr<const Model> model_;
  const int32_t core_;
  const size_t max_entries_;
  std::mutex mutex_;
  uint64_t submitted_ = 0;
  /** Tasks that succeeded since the last timeout. */
  uint64_t successes_ = 0;
  uint64_t probe_interval_ = kProbeInterval;
  /** Bits of the cores that the board may have, and whether this is certain. */
  unsigned cores_;
  bool cores_known_;
  /** A probe is in flight. */
  bool probing_ = false;
  /** The core of the last failed probe; HB_BPU_CORE_ANY for none. */
  int32_t failed_core_ = HB_BPU_CORE_ANY;
  /** Allocated on first use. */
  Entry canary_;
  bool canary_busy_ = false;
  // Capacity is reserved up front, so that a timeout never needs to allocate.
  std::vector<Entry> entries_;
  std::vector<std::shared_ptr<BpuInput>> inputs_;
  std::vector<std::shared_ptr<Outputs>> outputs_;
};

}  // namespace bpu
