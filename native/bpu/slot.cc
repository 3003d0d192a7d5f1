#include "bpu/slot.h"

#include <algorithm>
#include <chrono>
#include <mutex>
#include <thread>

#include "nv12/letterbox.h"

namespace bpu {
namespace {

using Clock = std::chrono::steady_clock;

/** hbDNNReleaseTask returns before the BPU has let go of a task it was running: a slot rests this long before
 * its next frame. */
constexpr std::chrono::milliseconds kRest{100};
/** Milliseconds after which a thread that waits looks whether it shall hurry. */
constexpr int32_t kLook = 500;

constexpr int kMostStride = 1 << 16;

double Milliseconds(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

std::string Number(int64_t value) { return std::to_string(value); }

/** Does something when its scope is left, also by an exception. */
template <typename Work>
class AtEnd {
 public:
  explicit AtEnd(const Work& work) : work_(work) {}
  ~AtEnd() { work_(); }
  AtEnd(const AtEnd&) = delete;
  AtEnd& operator=(const AtEnd&) = delete;

 private:
  const Work work_;
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

void Input::Keep() {
  for (const auto& memory : memory_) memory->Keep();
}

Slot::Slot(std::shared_ptr<const Model> model) : model_(std::move(model)) {
  for (const TensorDescription& output : model_->outputs()) {
    outputs_.push_back(std::make_shared<Memory>(model_->library(),
                                                static_cast<uint32_t>(output.properties.alignedByteSize)));
  }
  call_ = MakeCall();
}

std::unique_ptr<Slot::Call> Slot::MakeCall() const {
  auto call = std::make_unique<Call>();
  for (size_t i = 0; i < outputs_.size(); i++) {
    hbDNNTensor tensor{};
    tensor.sysMem[0] = outputs_[i]->block();
    tensor.properties = model_->outputs()[i].properties;
    call->outputs.push_back(tensor);
  }
  return call;
}

Outcome Slot::Run(Input& input, const Frame* frame, const Schedule& schedule,
                  const std::atomic<bool>& hurry) noexcept {
  Outcome outcome;
  try {
    Work(outcome, input, frame, schedule, hurry);
  } catch (Failure& failure) {
    outcome.failure = std::move(failure);
  } catch (...) {
    outcome.failure = OutOfMemory();
  }
  return outcome;
}

void Slot::Work(Outcome& outcome, Input& input, const Frame* frame, const Schedule& schedule,
                const std::atomic<bool>& hurry) {
  auto start = Clock::now();
  if (frame) nv12::Letterbox(frame->source, frame->content, input.target());
  input.Clean();
  outcome.preprocess = Milliseconds(start);

  start = Clock::now();
  Infer(input, schedule, hurry);
  for (const auto& output : outputs_) output->Invalidate();
  outcome.inference = Milliseconds(start);
}

void Slot::Infer(Input& input, const Schedule& schedule, const std::atomic<bool>& hurry) {
  const Library& library = *model_->library();
  if (!call_) call_ = MakeCall();
  Call& call = *call_;
  call.task = nullptr;
  call.input = input.tensor();
  call.output = call.outputs.data();
  call.control = {};
  call.control.bpuCoreId = schedule.core;
  call.control.priority = schedule.priority;
  int32_t accepted = HB_DNN_SUCCESS;
  int32_t status = HB_DNN_SUCCESS;
  bool over = false;
  {
    const AtEnd release([&] {
      if (!call.task) return;
      library.hbDNNReleaseTask(call.task);
      if (!over) Abandon(input);
    });
    accepted = library.hbDNNInfer(&call.task, &call.output, &call.input, model_->handle(), &call.control);
    if (accepted == HB_DNN_SUCCESS) status = Wait(schedule, hurry);
    // Whatever else it says, the BPU may still be at work.
    over = status == HB_DNN_SUCCESS || status == HB_DNN_RUN_TASK_FAILED;
  }
  Check("hbDNNInfer to accept a frame", accepted);
  if (!over && !hurry) std::this_thread::sleep_for(kRest);
  if (status == HB_DNN_TIMEOUT) {
    throw StatusFailure("a result within " + Number(schedule.timeout_ms) + " ms", status);
  }
  Check("hbDNNWaitTaskDone to succeed", status);
}

/** In parts, so that the end of the process or of a worker thread need not wait for a BPU that hangs. */
int32_t Slot::Wait(const Schedule& schedule, const std::atomic<bool>& hurry) const {
  for (int32_t left = schedule.timeout_ms;; left -= kLook) {
    const int32_t status = model_->library()->hbDNNWaitTaskDone(call_->task, std::min(left, kLook));
    if (status != HB_DNN_TIMEOUT || left <= kLook || hurry) return status;
  }
}

/** The task was released, but nothing says that it is over: the BPU may be at work on it for as long as it
 * likes: whatever it can reach is there until the process ends. */
void Slot::Abandon(Input& input) {
  input.Keep();
  for (const auto& output : outputs_) output->Keep();
  model_->Keep();
  static std::mutex mutex;
  static Call* given_up = nullptr;
  const std::lock_guard<std::mutex> lock(mutex);
  call_->next = given_up;
  given_up = call_.release();
}

}  // namespace bpu
