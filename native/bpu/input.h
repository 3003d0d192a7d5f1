#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "bpu/memory.h"
#include "bpu/model.h"
#include "camera/slot_table.h"

namespace bpu {

/** BPU memory of one model input, as libdnn wants it. */
class BpuInput : public camera::ModelInput {
 public:
  /** @throws Failure for an input that is not one NV12 picture, or when there is not enough memory */
  explicit BpuInput(const Model& model);

  const hbDNNTensor& tensor() const { return tensor_; }
  /** After the picture was written. @throws Failure */
  void Clean();

  /** Whether the BPU may read it at any time, as a task of it timed out: see Quarantine. */
  bool quarantined() const { return quarantined_; }
  void SetQuarantined(bool quarantined);

 private:
  /** One block, or two for separate planes. */
  std::vector<std::unique_ptr<BpuMemory>> memory_;
  hbDNNTensor tensor_{};
  std::atomic<bool> quarantined_{false};
};

}  // namespace bpu
