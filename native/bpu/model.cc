#include "bpu/model.h"

#include <algorithm>

#include "bpu/failure.h"

namespace bpu {
namespace {

constexpr int32_t kMaxTensors = 256;

std::string Join(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

bool IsShape(const hbDNNTensorShape& shape) {
  if (shape.numDimensions < 1 || shape.numDimensions > HB_DNN_TENSOR_MAX_DIMENSIONS) return false;
  return std::all_of(shape.dimensionSize, shape.dimensionSize + shape.numDimensions,
                     [](int32_t size) { return size > 0; });
}

/** Members that quantiType does not select may be uninitialized, pointers included. */
void ClearUnselected(hbDNNTensorProperties& p) {
  if (p.quantiType != HB_DNN_QUANTI_SHIFT) p.shift = {};
  if (p.quantiType != HB_DNN_QUANTI_SCALE) p.scale = {};
}

/** Whether the array is empty or no longer than the tensor's longest dimension. */
bool IsLength(int32_t length, const void* data, const hbDNNTensorShape& aligned) {
  const int32_t longest =
      *std::max_element(aligned.dimensionSize, aligned.dimensionSize + aligned.numDimensions);
  return length == 0 || (length > 0 && length <= longest && data);
}

/** Later readers of these properties rely on this check. */
void RequireSane(const TensorDescription& tensor) {
  const hbDNNTensorProperties& p = tensor.properties;
  if (IsShape(p.validShape) && IsShape(p.alignedShape) &&
      p.validShape.numDimensions == p.alignedShape.numDimensions && p.alignedByteSize > 0 &&
      IsLength(p.scale.scaleLen, p.scale.scaleData, p.alignedShape) &&
      IsLength(p.scale.zeroPointLen, p.scale.zeroPointData, p.alignedShape) &&
      IsLength(p.shift.shiftLen, p.shift.shiftData, p.alignedShape)) {
    return;
  }
  throw Failure(
      "consistent shapes, size and scales for tensor " + tensor.name,
      "alignedByteSize " + std::to_string(p.alignedByteSize) + ", " +
          std::to_string(p.validShape.numDimensions) + " dimensions, " + std::to_string(p.scale.scaleLen) +
          " scales, " + std::to_string(p.scale.zeroPointLen) + " zero points, " +
          std::to_string(p.shift.shiftLen) + " shifts",
      "Either the model is damaged, or this libdnn has another struct layout: please report its version.");
}

}  // namespace

Model::Model(std::shared_ptr<const Library> library, const std::string& file, const std::string& name)
    : library_(std::move(library)) {
  const char* path = file.c_str();
  const int32_t status = library_->hbDNNInitializeFromFiles(&packed_, &path, 1);
  Check(("hbDNNInitializeFromFiles to load " + file).c_str(), status);
  try {
    Choose(file, name);
    ReadTensors();
  } catch (...) {
    library_->hbDNNRelease(packed_);
    throw;
  }
}

Model::~Model() {
  if (!never_released_) library_->hbDNNRelease(packed_);
}

void Model::Choose(const std::string& file, const std::string& name) {
  char const** names = nullptr;
  int32_t count = 0;
  Check("hbDNNGetModelNameList to succeed", library_->hbDNNGetModelNameList(&names, &count, packed_));
  for (int32_t i = 0; names && i < count; i++) names_.emplace_back(names[i] ? names[i] : "");
  if (names_.empty()) throw Failure("a model in " + file, "an empty package", "Convert the model again.");
  if (name.empty() && names_.size() > 1) {
    throw Failure("the name of one of the models in " + file, "none", "It has " + Join(names_) + ".");
  }
  name_ = name.empty() ? names_[0] : name;
  if (std::find(names_.begin(), names_.end(), name_) == names_.end()) {
    throw Failure("the name of a model in " + file, name_, "It has " + Join(names_) + ".");
  }
  Check("hbDNNGetModelHandle to succeed", library_->hbDNNGetModelHandle(&handle_, packed_, name_.c_str()));
}

void Model::ReadTensors() {
  const auto read = [&](auto count_of, auto name_of, auto properties_of, auto& tensors) {
    int32_t count = 0;
    Check("the number of tensors", count_of(&count, handle_));
    if (count < 1 || count > kMaxTensors) {
      throw Failure("1 to 256 inputs and outputs", std::to_string(count), "The model is damaged.");
    }
    for (int32_t i = 0; i < count; i++) {
      TensorDescription tensor{};
      const char* name = nullptr;
      Check("the name of a tensor", name_of(&name, handle_, i));
      tensor.name = name ? name : "";
      Check("the properties of a tensor", properties_of(&tensor.properties, handle_, i));
      ClearUnselected(tensor.properties);
      RequireSane(tensor);
      tensors.push_back(std::move(tensor));
    }
  };
  read(library_->hbDNNGetInputCount, library_->hbDNNGetInputName, library_->hbDNNGetInputTensorProperties,
       inputs_);
  read(library_->hbDNNGetOutputCount, library_->hbDNNGetOutputName, library_->hbDNNGetOutputTensorProperties,
       outputs_);
  if (library_->hbDNNGetEstimateLatency &&
      library_->hbDNNGetEstimateLatency(&estimated_latency_, handle_) != HB_DNN_SUCCESS) {
    estimated_latency_ = -1;
  }
}

}  // namespace bpu
