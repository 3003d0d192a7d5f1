#pragma once

#include <memory>
#include <vector>

#include "bpu/memory.h"
#include "bpu/model.h"

namespace bpu {

/** Output memory of one frame, and what hbDNNInfer is given the addresses of. All of it must be there until
 * the BPU is through with the task. */
struct Outputs {
  /** @throws Failure when there is not enough memory */
  explicit Outputs(const Model& model);
  Outputs(const Outputs&) = delete;
  Outputs& operator=(const Outputs&) = delete;

  /** The BPU may write to it at any time: see Quarantine. */
  void SetQuarantined(bool quarantined);
  /** `outputs` that the BPU may write to stay until the process ends, whoever lets go of them. */
  static void KeepForever(std::shared_ptr<Outputs> outputs);

  /** Owned together with whoever still looks at it. */
  std::vector<std::shared_ptr<BpuMemory>> memory;

  /** Must be null before hbDNNInfer; otherwise libdnn takes the call for the next of a batch. */
  hbDNNTaskHandle_t task = nullptr;
  hbDNNTensor input{};
  std::vector<hbDNNTensor> tensors;
  /** libdnn gets the address of this pointer, and is reported to write through it. */
  hbDNNTensor* pointer = nullptr;
  hbDNNInferCtrlParam control{};

 private:
  /** Of those that were left. */
  std::shared_ptr<Outputs> next_;
};

}  // namespace bpu
