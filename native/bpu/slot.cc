#include "bpu/slot.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "nv12/letterbox.h"

namespace bpu {
namespace {

using Clock = std::chrono::steady_clock;

/** hbDNNReleaseTask returns before the BPU has let go of a task it was running: the memory rests this long.
 */
constexpr std::chrono::milliseconds kRest{100};

constexpr int kMostStride = 1 << 16;

double Milliseconds(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

std::string Number(int64_t value) { return std::to_string(value); }

/** The only tasks there are: one per slot, released whatever happens. */
class Task {
 public:
  explicit Task(const Library& library) : library_(library) {}
  ~Task() {
    if (handle_) library_.hbDNNReleaseTask(handle_);
  }
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;

  hbDNNTaskHandle_t* address() { return &handle_; }
  hbDNNTaskHandle_t handle() const { return handle_; }

 private:
  const Library& library_;
  /** Must be null before hbDNNInfer; otherwise libdnn takes the call for the next of a batch. */
  hbDNNTaskHandle_t handle_ = nullptr;
};

struct InputPicture {
  int width;
  int height;
  int stride;
  bool separate;
};

InputPicture ReadInput(const Model& model) {
  const auto refuse = [&](const std::string& received) -> Failure {
    return {"a model with one NV12 input", received,
            "Convert it with input_type_rt: nv12; RGB and feature-map inputs are not "
            "supported."};
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
      picture.stride < picture.width || picture.stride > kMostStride || picture.stride % 16 != 0) {
    throw refuse(Number(picture.width) + "x" + Number(picture.height) + " with rows of " +
                 Number(picture.stride) + " bytes");
  }
  return picture;
}

}  // namespace

Input::Input(const Model& model) {
  const auto& library = model.library();
  const InputPicture picture = ReadInput(model);
  const auto luma_bytes = static_cast<uint32_t>(picture.stride) * static_cast<uint32_t>(picture.height);
  tensor_.properties = model.inputs()[0].properties;
  uint8_t* chroma;
  if (picture.separate) {
    memory_.push_back(std::make_unique<Memory>(library, luma_bytes));
    memory_.push_back(std::make_unique<Memory>(library, luma_bytes / 2));
    chroma = memory_[1]->data();
  } else {
    const auto aligned = static_cast<uint32_t>(tensor_.properties.alignedByteSize);
    memory_.push_back(std::make_unique<Memory>(library, std::max(aligned, luma_bytes + luma_bytes / 2)));
    chroma = memory_[0]->data() + luma_bytes;
  }
  for (size_t i = 0; i < memory_.size(); i++) tensor_.sysMem[i] = memory_[i]->block();
  const auto stride = static_cast<size_t>(picture.stride);
  target_ = {picture.width, picture.height, memory_[0]->data(), chroma, stride, stride};
}

void Input::Clean() {
  for (const auto& memory : memory_) memory->Clean();
}

Slot::Slot(std::shared_ptr<const Model> model) : model_(std::move(model)) {
  const auto& library = model_->library();
  for (const TensorDescription& output : model_->outputs()) {
    outputs_.push_back(
        std::make_shared<Memory>(library, static_cast<uint32_t>(output.properties.alignedByteSize)));
    hbDNNTensor tensor{};
    tensor.sysMem[0] = outputs_.back()->block();
    tensor.properties = output.properties;
    output_tensors_.push_back(tensor);
  }
}

Outcome Slot::Run(Input& input, const Frame* frame, const Schedule& schedule) {
  Outcome outcome;
  try {
    auto start = Clock::now();
    if (frame) nv12::Letterbox(frame->source, frame->content, input.target());
    input.Clean();
    outcome.preprocess = Milliseconds(start);

    start = Clock::now();
    Infer(input, schedule);
    for (const auto& output : outputs_) output->Invalidate();
    outcome.inference = Milliseconds(start);
  } catch (const Failure& failure) {
    outcome.failure = failure;
  } catch (const std::exception& error) {
    outcome.failure = Failure("memory for the letterbox", error.what(), "Close other programs.");
  }
  return outcome;
}

void Slot::Infer(const Input& input, const Schedule& schedule) {
  const Library& library = *model_->library();
  int32_t status;
  {
    Task task(library);
    hbDNNInferCtrlParam control{};
    control.bpuCoreId = schedule.core;
    control.priority = schedule.priority;
    hbDNNTensor* outputs = output_tensors_.data();
    Check("hbDNNInfer to accept a frame",
          library.hbDNNInfer(task.address(), &outputs, &input.tensor(), model_->handle(), &control));
    status = library.hbDNNWaitTaskDone(task.handle(), schedule.timeout_ms);
  }
  if (status == HB_DNN_TIMEOUT) {
    std::this_thread::sleep_for(kRest);
    throw StatusFailure("a result within " + Number(schedule.timeout_ms) + " ms", status);
  }
  Check("hbDNNWaitTaskDone to succeed", status);
}

}  // namespace bpu
