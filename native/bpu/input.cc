#include "bpu/input.h"

#include <algorithm>
#include <string>

namespace bpu {
namespace {

constexpr int kMaxStride = 1 << 16;

std::string Number(int64_t value) { return std::to_string(value); }

struct InputPicture {
  int width;
  int height;
  int stride;
  bool separate;
};

InputPicture ReadInput(const Model& model) {
  const auto refuse = [&](const std::string& received) -> Failure {
    return {"a model with one NV12 input", received,
            "Convert it with input_type_rt: nv12; RGB and feature-map inputs are not supported."};
  };
  if (model.inputs().size() != 1)
    throw refuse(Number(static_cast<int64_t>(model.inputs().size())) + " inputs");
  const hbDNNTensorProperties& p = model.inputs()[0].properties;
  if (p.tensorType != HB_DNN_IMG_TYPE_NV12 && p.tensorType != HB_DNN_IMG_TYPE_NV12_SEPARATE) {
    throw refuse("an input of data type " + Number(p.tensorType));
  }
  if (p.validShape.numDimensions != 4) throw refuse(Number(p.validShape.numDimensions) + " dimensions");
  const int rows = p.tensorLayout == HB_DNN_LAYOUT_NHWC ? 1 : 2;
  const InputPicture picture{p.validShape.dimensionSize[rows + 1], p.validShape.dimensionSize[rows],
                             p.alignedShape.dimensionSize[rows + 1],
                             p.tensorType == HB_DNN_IMG_TYPE_NV12_SEPARATE};
  const bool even = picture.width % 2 == 0 && picture.height % 2 == 0;
  if (!even || picture.width > nv12::kMaxDimension || picture.height > nv12::kMaxDimension ||
      picture.stride < picture.width || picture.stride > kMaxStride || picture.stride % 16 != 0) {
    throw refuse(Number(picture.width) + "x" + Number(picture.height) + " with rows of " +
                 Number(picture.stride) + " bytes");
  }
  return picture;
}

}  // namespace

BpuInput::BpuInput(const Model& model) {
  const auto& library = model.library();
  const InputPicture picture = ReadInput(model);
  const auto luma_bytes = static_cast<uint32_t>(picture.stride) * static_cast<uint32_t>(picture.height);
  tensor_.properties = model.inputs()[0].properties;
  uint8_t* chroma;
  if (picture.separate) {
    memory_.push_back(std::make_unique<BpuMemory>(library, luma_bytes));
    memory_.push_back(std::make_unique<BpuMemory>(library, luma_bytes / 2));
    chroma = memory_[1]->data();
  } else {
    const auto aligned = static_cast<uint32_t>(tensor_.properties.alignedByteSize);
    memory_.push_back(std::make_unique<BpuMemory>(library, std::max(aligned, luma_bytes + luma_bytes / 2)));
    chroma = memory_[0]->data() + luma_bytes;
  }
  for (size_t i = 0; i < memory_.size(); i++) tensor_.sysMem[i] = memory_[i]->block();
  const auto stride = static_cast<size_t>(picture.stride);
  target_ = {picture.width, picture.height, memory_[0]->data(), chroma, stride, stride};
}

void BpuInput::Clean() {
  for (const auto& memory : memory_) memory->Clean();
}

void BpuInput::SetQuarantined(bool quarantined) {
  for (const auto& memory : memory_) memory->SetQuarantined(quarantined);
  quarantined_ = quarantined;
}

}  // namespace bpu
