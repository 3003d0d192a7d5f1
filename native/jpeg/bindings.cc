#include "jpeg/bindings.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "arguments.h"
#include "decode/of_thread.h"
#include "failure.h"
#include "jpeg/encoder.h"
#include "jpeg/library.h"

namespace jpeg {
namespace {

/** Compresses a picture on libuv's thread pool and resolves with the bytes of the file. */
class EncodeWorker : public Napi::AsyncWorker {
 public:
  /** `held` keeps the two arrays from being garbage-collected while their memory is in use. */
  EncodeWorker(Napi::Env env, const Library& library, const Picture& picture, int quality, uint8_t* file,
               Napi::Object held)
      : Napi::AsyncWorker(env, "tros_yolo_seg:jpeg"),
        deferred_(Napi::Promise::Deferred::New(env)),
        held_(Napi::Persistent(held)),
        library_(library),
        picture_(picture),
        quality_(quality),
        file_(file) {}

  Napi::Promise Promise() const { return deferred_.Promise(); }

 protected:
  void Execute() override {
    // Setting the library up anew for each picture would take a tenth of the time that compressing it does.
    auto& encoder = decode::OfThread<std::optional<Encoder>>();
    try {
      if (!encoder) encoder.emplace(library_);
      bytes_ = encoder->Encode(picture_, quality_, file_);
    } catch (const Failure& failure) {
      SetError("Expected " + failure.expected + " but received: " + failure.received);
    }
  }
  void OnOK() override {
    const Napi::Object held = held_.Value();
    for (uint32_t i = 0; i < 2; i++) {
      if (arguments::HasMemory(held.Get(i))) continue;
      return OnError(Napi::TypeError::New(
          Env(),
          "Expected arrays that stay in place until the file is made but received one that was transferred."));
    }
    deferred_.Resolve(Napi::Number::New(Env(), static_cast<double>(bytes_)));
  }
  void OnError(const Napi::Error& error) override { deferred_.Reject(error.Value()); }

 private:
  const Napi::Promise::Deferred deferred_;
  const Napi::ObjectReference held_;
  const Library& library_;
  const Picture picture_;
  const int quality_;
  uint8_t* const file_;
  size_t bytes_ = 0;
};

int ReadSize(Napi::Value value, const char* name, int most) {
  return static_cast<int>(arguments::ReadInteger(value, name, 1, most));
}

}  // namespace

/** (width, height) => number, or undefined without the library. */
Napi::Value MostBytesBinding(const Napi::CallbackInfo& info) {
  const int width = ReadSize(info[0], "the width", nv12::kMaxDimension);
  const int height = ReadSize(info[1], "the height", nv12::kMaxDimension);
  const Library* library = Library::Find();
  if (!library) return info.Env().Undefined();
  return Napi::Number::New(info.Env(), static_cast<double>(MostBytes(*library, width, height)));
}

/** (frame, width, height, range, quality, file) => Promise<number> */
Napi::Value EncodeBinding(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto frame = arguments::ReadNv12(info[0], "frame");
  const int width = ReadSize(info[1], "the width", frame.width);
  const int height = ReadSize(info[2], "the height", frame.height);
  const nv12::Range range = arguments::ReadRange(info[3]);
  const int quality = ReadSize(info[4], "the quality", 100);
  const Library* library = Library::Find();
  if (!library) arguments::Fail(env, "libturbojpeg", "none");
  // The library's planes have as many pairs as the picture needs.
  if (nv12::EvenSize(width) != frame.width || nv12::EvenSize(height) != frame.height)
    arguments::Fail(env, "a picture that fills its frame but for an odd column or row",
                    std::to_string(width) + "x" + std::to_string(height));

  auto held = Napi::Array::New(env, 2);
  held.Set(0u, frame.data);
  held.Set(1u, info[5]);
  arguments::ExpectNotResizable(frame);
  arguments::ExpectNotResizable(info[5], "file");
  const nv12::Source source = arguments::ViewSource(frame);
  const uint64_t most = MostBytes(*library, width, height);
  uint8_t* file = arguments::ViewBytes(info[5], "file", most);
  arguments::ExpectNoOverlap(env, source, {file, file + most});

  auto worker = std::make_unique<EncodeWorker>(env, *library, Picture{source, width, height, range}, quality,
                                               file, held);
  const Napi::Promise promise = worker->Promise();
  worker->Queue();
  static_cast<void>(worker.release());  // deletes itself when done
  return promise;
}

}  // namespace jpeg
