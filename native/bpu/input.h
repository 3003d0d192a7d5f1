#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "bpu/memory.h"
#include "bpu/model.h"
#include "camera/slots.h"

namespace bpu {

/** BPU memory of one model input, as libdnn wants it. */
class Input : public camera::Input {
 public:
  /** @throws Failure for an input that is not one NV12 picture, or when there is not enough memory */
  explicit Input(const Model& model);

  const hbDNNTensor& tensor() const { return tensor_; }
  /** After the picture was written. @throws Failure */
  void Clean();

  /** Whether the BPU may read it at any time, as a task of it timed out: see Quarantine. */
  bool held() const { return held_; }
  void Hold(bool held);

 private:
  /** One block, or two for separate planes. */
  std::vector<std::unique_ptr<Memory>> memory_;
  hbDNNTensor tensor_{};
  std::atomic<bool> held_{false};
};

}  // namespace bpu
