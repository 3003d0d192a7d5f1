#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <vector>

#include "bpu/memory.h"
#include "bpu/model.h"
#include "camera/slots.h"
#include "nv12/picture.h"

namespace bpu {

/** How the BPU is asked to run. */
struct Schedule {
  /** 0 any, 1 and 2 the cores of X3; X5 has core 1 only and takes 0. */
  int32_t core = 0;
  /** 0 to 255, higher first. */
  int32_t priority = 0;
  int32_t timeout_ms = 0;
};

struct Frame {
  nv12::Source source;
  nv12::Content content;
};

/** What came of a frame; milliseconds. */
struct Outcome {
  std::optional<Failure> failure;
  double preprocess = 0;
  double inference = 0;
};

/** BPU memory of one model input, as libdnn wants it. */
class Input : public camera::Input {
 public:
  /** @throws Failure for an input that is not one NV12 picture, or when there is not enough memory */
  explicit Input(const Model& model);

  const hbDNNTensor& tensor() const { return tensor_; }
  /** After the picture was written. @throws Failure */
  void Clean();
  /** The BPU may read it at any time: see Memory. */
  void Keep();

 private:
  /** One block, or two for separate planes. */
  std::vector<std::unique_ptr<Memory>> memory_;
  hbDNNTensor tensor_{};
};

/** Output memory of one frame in flight, allocated once, and what is done with it. */
class Slot {
 public:
  /** @throws Failure when there is not enough memory */
  explicit Slot(std::shared_ptr<const Model> model);
  Slot(const Slot&) = delete;
  Slot& operator=(const Slot&) = delete;

  /**
   * Letterbox into the input, infer, wait, make the outputs readable. Blocks; the task is always released.
   *
   * @param frame to letterbox; null when the input is written already
   * @param hurry set by another thread: a frame that hangs is waited for half a second at most
   */
  Outcome Run(Input& input, const Frame* frame, const Schedule& schedule,
              const std::atomic<bool>& hurry) noexcept;

  /** Owned together with whoever still looks at it. */
  const std::vector<std::shared_ptr<Memory>>& outputs() const { return outputs_; }

 private:
  /** What hbDNNInfer is given the address of. */
  struct Call {
    /** Must be null before hbDNNInfer; otherwise libdnn takes the call for the next of a batch. */
    hbDNNTaskHandle_t task = nullptr;
    hbDNNTensor input{};
    std::vector<hbDNNTensor> outputs;
    /** libdnn gets the address of this pointer, and is reported to write through it. */
    hbDNNTensor* output = nullptr;
    hbDNNInferCtrlParam control{};
    /** Of the calls that were given up. */
    Call* next = nullptr;
  };

  std::unique_ptr<Call> MakeCall() const;
  void Work(Outcome& outcome, Input& input, const Frame* frame, const Schedule& schedule,
            const std::atomic<bool>& hurry);
  void Infer(Input& input, const Schedule& schedule, const std::atomic<bool>& hurry);
  int32_t Wait(const Schedule& schedule, const std::atomic<bool>& hurry) const;
  void Abandon(Input& input);

  const std::shared_ptr<const Model> model_;
  std::vector<std::shared_ptr<Memory>> outputs_;
  /** Lives as long as its task; null after one that was given up. */
  std::unique_ptr<Call> call_;
};

}  // namespace bpu
