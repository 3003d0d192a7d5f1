#include "nv12/bindings.h"

#include <chrono>
#include <memory>
#include <string>

#include "arguments.h"
#include "nv12/color.h"
#include "nv12/kernels.h"
#include "nv12/letterbox.h"

namespace nv12 {
namespace {

uint64_t Pixels(const arguments::Nv12Argument& picture) {
  return static_cast<uint64_t>(picture.width) * static_cast<uint64_t>(picture.height);
}

/** Prepares one frame for a network. Views only, independent of JavaScript. */
struct PreprocessJob {
  Source source;
  Content content;
  Range range;
  Target model;
  float* planes;
};

void Run(const PreprocessJob& job) {
  Letterbox(job.source, job.content, job.model);
  ToPlanarFloat(AsSource(job.model), job.range, job.planes);
}

/** Runs a job on libuv's thread pool and resolves with its duration in milliseconds. */
class PreprocessWorker : public Napi::AsyncWorker {
 public:
  /** `held` keeps the arrays from being garbage-collected while the job uses their memory. */
  PreprocessWorker(Napi::Env env, const PreprocessJob& job, Napi::Object held)
      : Napi::AsyncWorker(env, "tros_yolo_seg:preprocess"),
        deferred_(Napi::Promise::Deferred::New(env)),
        held_(Napi::Persistent(held)),
        job_(job) {}

  Napi::Promise Promise() const { return deferred_.Promise(); }

 protected:
  void Execute() override {
    const auto start = std::chrono::steady_clock::now();
    Run(job_);
    elapsed_ = std::chrono::steady_clock::now() - start;
  }
  void OnOK() override {
    const Napi::Object held = held_.Value();
    for (uint32_t i = 0; i < 3; i++) {
      if (arguments::HasMemory(held.Get(i))) continue;
      return OnError(Napi::TypeError::New(
          Env(),
          "Expected arrays that stay in place until preprocess is done but received one that was transferred."));
    }
    deferred_.Resolve(Napi::Number::New(Env(), elapsed_.count()));
  }
  void OnError(const Napi::Error& error) override { deferred_.Reject(error.Value()); }

 private:
  const Napi::Promise::Deferred deferred_;
  const Napi::ObjectReference held_;
  const PreprocessJob job_;
  std::chrono::duration<double, std::milli> elapsed_{0};
};

}  // namespace

Napi::Value LetterboxBinding(const Napi::CallbackInfo& info) {
  const auto source_argument = arguments::ReadNv12(info[0], "source");
  const auto target_argument = arguments::ReadNv12(info[2], "target");
  const Content content = arguments::ReadContent(info[1], target_argument);

  const Source source = arguments::ViewSource(source_argument);
  const Target target = arguments::ViewTarget(target_argument);
  arguments::ExpectNoOverlap(info.Env(), source, target);
  Letterbox(source, content, target);
  return info.Env().Undefined();
}

Napi::Value ScaleBinding(const Napi::CallbackInfo& info) {
  const auto argument = arguments::ReadPlanes(info, 0, "source");
  constexpr size_t kNext = arguments::kPlanes;
  arguments::Nv12Argument packed{};
  packed.name = "target";
  packed.data = info[kNext];
  packed.luma_offset = static_cast<uint64_t>(
      arguments::ReadInteger(info[kNext + 1], "the place in the target", 0, UINT32_MAX));
  packed.width = arguments::ReadEven(info[kNext + 2], "the width of the target", 2, kMaxDimension);
  packed.height = arguments::ReadEven(info[kNext + 3], "the height of the target", 2, kMaxDimension);
  packed.luma_stride = packed.chroma_stride = static_cast<uint64_t>(packed.width);
  packed.chroma_offset = packed.luma_offset + Pixels(packed);

  const Source source = arguments::ViewSource(argument);
  const Target target = arguments::ViewTarget(packed);
  arguments::ExpectNoOverlap(info.Env(), source, target);
  Letterbox(source, {0, 0, target.width, target.height}, target);
  return info.Env().Undefined();
}

Napi::Value ToPlanarFloatBinding(const Napi::CallbackInfo& info) {
  const auto argument = arguments::ReadNv12(info[0], "source");
  const Range range = arguments::ReadRange(info[1]);

  const uint64_t length = 3 * Pixels(argument);
  const Source source = arguments::ViewSource(argument);
  float* planes = arguments::ViewFloats(info[2], "target", length);
  arguments::ExpectNoOverlap(info.Env(), source, {planes, planes + length});
  ToPlanarFloat(source, range, planes);
  return info.Env().Undefined();
}

Napi::Value ToRgb8Binding(const Napi::CallbackInfo& info) {
  const auto argument = arguments::ReadNv12(info[0], "source");
  const Range range = arguments::ReadRange(info[1]);

  const uint64_t length = 3 * Pixels(argument);
  const Source source = arguments::ViewSource(argument);
  uint8_t* rgb = arguments::ViewBytes(info[2], "target", length);
  arguments::ExpectNoOverlap(info.Env(), source, {rgb, rgb + length});
  ToRgb8(source, range, rgb);
  return info.Env().Undefined();
}

Napi::Value FromPackedBinding(const Napi::CallbackInfo& info) {
  const auto source_argument = arguments::ReadPacked(info[0]);
  const Range range = arguments::ReadRange(info[1]);
  const auto target_argument = arguments::ReadNv12(info[2], "target");
  const int width = EvenSize(source_argument.width);
  const int height = EvenSize(source_argument.height);
  if (width != target_argument.width || height != target_argument.height) {
    const auto size = [](int width, int height) {
      return std::to_string(width) + "x" + std::to_string(height);
    };
    arguments::Fail(info.Env(), "a target of " + size(width, height),
                    size(target_argument.width, target_argument.height));
  }

  const PackedImage source = arguments::ViewPacked(source_argument);
  const Target target = arguments::ViewTarget(target_argument);
  arguments::ExpectNoOverlap(info.Env(), source, target);
  FromPacked(source, range, target);
  return info.Env().Undefined();
}

Napi::Value PreprocessBinding(const Napi::CallbackInfo& info) {
  const auto source_argument = arguments::ReadNv12(info[0], "source");
  const auto model_argument = arguments::ReadNv12(info[2], "model");
  const Content content = arguments::ReadContent(info[1], model_argument);
  const Range range = arguments::ReadRange(info[3]);

  auto held = Napi::Array::New(info.Env(), 3);
  held.Set(0u, source_argument.data);
  held.Set(1u, model_argument.data);
  held.Set(2u, info[4]);

  const uint64_t length =
      3 * static_cast<uint64_t>(model_argument.width) * static_cast<uint64_t>(model_argument.height);
  arguments::ExpectNotResizable(source_argument);
  arguments::ExpectNotResizable(model_argument);
  arguments::ExpectNotResizable(info[4], "planes");
  const Source source = arguments::ViewSource(source_argument);
  const Target model = arguments::ViewTarget(model_argument);
  float* planes = arguments::ViewFloats(info[4], "planes", length);
  arguments::ExpectNoOverlap(info.Env(), source, model);
  arguments::ExpectNoOverlap(info.Env(), source, {planes, planes + length});
  arguments::ExpectNoOverlap(info.Env(), AsSource(model), {planes, planes + length});

  auto worker = std::make_unique<PreprocessWorker>(
      info.Env(), PreprocessJob{source, content, range, model, planes}, held);
  const Napi::Promise promise = worker->Promise();
  worker->Queue();
  static_cast<void>(worker.release());  // deletes itself when done
  return promise;
}

Napi::Value PixelKernelsBinding(const Napi::CallbackInfo& info) {
  auto names = Napi::Array::New(info.Env());
  for (const Kernels* kernels : UsableKernels()) names.Set(names.Length(), kernels->name);
  if (!info[0].IsUndefined()) {
    const std::string name = info[0].IsString() ? info[0].As<Napi::String>().Utf8Value() : "no string";
    if (!ChooseKernels(name)) arguments::Fail(info.Env(), "the name of kernels that run here", name);
  }
  auto result = Napi::Object::New(info.Env());
  result.Set("chosen", ChosenKernels().name);
  result.Set("usable", names);
  return result;
}

}  // namespace nv12
