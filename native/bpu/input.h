#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "bpu/memory.h"
#include "bpu/model.h"
#include "camera/slot_table.h"

namespace bpu {

/** BPU memory of one model input, laid out as libdnn expects it. */
class BpuInput : public camera::ModelInput {
 public:
  /** @throws Failure for an input that is not a single NV12 picture, or when there is not enough memory */
  explicit BpuInput(const Model& model);

  const hbDNNTensor& tensor() const { return tensor_; }
  /** Call after writing the picture. @throws Failure */
  void Clean();

  /** Whether the BPU may still be reading it for a timed-out task (see Quarantine). */
  bool quarantined() const { return quarantined_; }
  void SetQuarantined(bool quarantined);

 private:
  /** One block; two for separate planes. */
  std::vector<std::unique_ptr<BpuMemory>> memory_;
  hbDNNTensor tensor_{};
  std::atomic<bool> quarantined_{false};
};

}  // namespace bpu
