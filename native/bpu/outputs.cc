#include "bpu/outputs.h"

#include <mutex>
#include <utility>

namespace bpu {

Outputs::Outputs(const Model& model) {
  for (const TensorDescription& output : model.outputs()) {
    const auto size = static_cast<uint32_t>(output.properties.alignedByteSize);
    memory.push_back(std::make_shared<BpuMemory>(model.library(), size));
    hbDNNTensor tensor{};
    tensor.sysMem[0] = memory.back()->block();
    tensor.properties = output.properties;
    tensors.push_back(tensor);
  }
}

void Outputs::SetQuarantined(bool quarantined) {
  for (const auto& block : memory) block->SetQuarantined(quarantined);
}

void Outputs::KeepForever(std::shared_ptr<Outputs> outputs) {
  static std::mutex mutex;
  // Never destroyed: the BPU may write to it until the process ends.
  static auto* left = new std::shared_ptr<Outputs>;
  // The blocks are quarantined on their own.
  outputs->memory.clear();
  const std::lock_guard<std::mutex> lock(mutex);
  outputs->next_ = std::move(*left);
  *left = std::move(outputs);
}

}  // namespace bpu
