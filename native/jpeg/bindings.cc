#include "jpeg/bindings.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "arguments.h"
#include "camera/js_values.h"
#include "decode/of_thread.h"
#include "failure.h"
#include "jpeg/encoder.h"
#include "jpeg/library.h"

namespace jpeg {
namespace {

/** Compresses a picture on libuv's thread pool and resolves with the file. */
class EncodeWorker : public Napi::AsyncWorker {
 public:
  /** `data` keeps the frame's array from being garbage-collected while its memory is in use. */
  EncodeWorker(Napi::Env env, const Library& library, const Picture& picture, int quality, Napi::Object data)
      : Napi::AsyncWorker(env, "tros_yolo_seg:jpeg"),
        deferred_(Napi::Promise::Deferred::New(env)),
        data_(Napi::Persistent(data)),
        library_(library),
        picture_(picture),
        quality_(quality) {}

  Napi::Promise Promise() const { return deferred_.Promise(); }

 protected:
  void Execute() override {
    // Setting the library up anew for each picture would take a tenth of the time that compressing it does.
    auto& encoder = decode::OfThread<std::optional<Encoder>>();
    try {
      if (!encoder) encoder.emplace(library_);
      file_ = encoder->Encode(picture_, quality_);
    } catch (const Failure& failure) {
      failure_ = failure;
      SetError(failure.what());
    }
  }
  void OnOK() override {
    if (!arguments::HasMemory(data_.Value())) {
      failure_ = Failure("the bytes of a frame to stay in place until its file is made",
                         "an ArrayBuffer that was transferred in the meantime", "Transfer a copy.");
      return OnError(Napi::Error::New(Env()));
    }
    auto file = Napi::Uint8Array::New(Env(), file_.size());
    std::copy(file_.begin(), file_.end(), file.Data());
    deferred_.Resolve(file);
  }
  void OnError(const Napi::Error& error) override {
    if (failure_) error.Value().Set("failure", camera::ToObject(Env(), *failure_));
    deferred_.Reject(error.Value());
  }

 private:
  const Napi::Promise::Deferred deferred_;
  const Napi::ObjectReference data_;
  const Library& library_;
  const Picture picture_;
  const int quality_;
  std::vector<uint8_t> file_;
  std::optional<Failure> failure_;
};

/** Width or height of a picture, which fills its frame but for the column or row that makes that even. */
int ReadSize(Napi::Value value, const char* name, int of_frame) {
  return static_cast<int>(arguments::ReadInteger(value, name, of_frame - 1, of_frame));
}

}  // namespace

/** () => boolean */
Napi::Value AvailableBinding(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), Library::Find() != nullptr);
}

/** (frame as in ReadPlanes(), width, height, range, quality) => Promise<Uint8Array> */
Napi::Value EncodeBinding(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto frame = arguments::ReadPlanes(info, 0, "frame");
  constexpr size_t kNext = arguments::kPlanes;
  const int width = ReadSize(info[kNext], "the width", frame.width);
  const int height = ReadSize(info[kNext + 1], "the height", frame.height);
  const nv12::Range range = arguments::ReadRange(info[kNext + 2]);
  const int quality = static_cast<int>(arguments::ReadInteger(info[kNext + 3], "the quality", 1, 100));
  const Library* library = Library::Find();
  if (!library) arguments::Fail(env, "libturbojpeg", "none");

  arguments::ExpectNotResizable(frame);
  const nv12::Source source = arguments::ViewSource(frame);
  auto worker = std::make_unique<EncodeWorker>(env, *library, Picture{source, width, height, range}, quality,
                                               frame.data.As<Napi::Object>());
  const Napi::Promise promise = worker->Promise();
  worker->Queue();
  static_cast<void>(worker.release());  // deletes itself when done
  return promise;
}

}  // namespace jpeg
