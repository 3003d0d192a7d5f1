#include <chrono>
#include <memory>

#include "arguments.h"
#include "nv12/bindings.h"
#include "nv12/color.h"
#include "nv12/letterbox.h"

namespace nv12 {
namespace {

/** One frame on its way into a network: views, and nothing that knows of JavaScript. */
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

/** Runs a job on libuv's pool and resolves with the milliseconds it took. */
class PreprocessWorker : public Napi::AsyncWorker {
 public:
  /** `held` keeps the arrays from being collected while the job uses their memory. */
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
          "Expected arrays that stay until preprocess is done but received one that was transferred."));
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
  arguments::ExpectFixed(source_argument);
  arguments::ExpectFixed(model_argument);
  arguments::ExpectFixed(info[4], "planes");
  const Source source = arguments::ViewSource(source_argument);
  const Target model = arguments::ViewTarget(model_argument);
  float* planes = arguments::ViewFloats(info[4], "planes", length);
  arguments::ExpectApart(info.Env(), source, model);
  arguments::ExpectApart(info.Env(), source, {planes, planes + length});
  arguments::ExpectApart(info.Env(), AsSource(model), {planes, planes + length});

  auto worker = std::make_unique<PreprocessWorker>(
      info.Env(), PreprocessJob{source, content, range, model, planes}, held);
  const Napi::Promise promise = worker->Promise();
  worker->Queue();
  worker.release();  // deletes itself when done
  return promise;
}

}  // namespace nv12
