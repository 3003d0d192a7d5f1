#pragma once

#include <memory>
#include <vector>

#include "bpu/memory.h"
#include "bpu/model.h"

namespace bpu {

/**
 * Output memory of one frame, and the structs whose addresses hbDNNInfer receives. All of it must stay valid
 * until the BPU has finished the task.
 */
struct Outputs {
  /** @throws Failure when there is not enough memory */
  explicit Outputs(const Model& model);
  Outputs(const Outputs&) = delete;
  Outputs& operator=(const Outputs&) = delete;

  /** While quarantined, the BPU may write to it at any time (see Quarantine). */
  void SetQuarantined(bool quarantined);
  /** Keeps outputs that the BPU may still write to until the process ends. */
  static void KeepForever(std::shared_ptr<Outputs> outputs);

  /** Shared with readers of the tensors. */
  std::vector<std::shared_ptr<BpuMemory>> memory;

  /** Must be null before hbDNNInfer; otherwise libdnn treats the call as the next of a batch. */
  hbDNNTaskHandle_t task = nullptr;
  hbDNNTensor input{};
  std::vector<hbDNNTensor> tensors;
  /** libdnn receives the address of this pointer, and has been observed to write through it. */
  hbDNNTensor* pointer = nullptr;
  hbDNNInferCtrlParam control{};

 private:
  /** Next in the list of those kept forever. */
  std::shared_ptr<Outputs> next_;
};

}  // namespace bpu
