#include "camera/bindings.h"

#include <cmath>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "arguments.h"
#include "camera/js_camera.h"
#include "camera/js_slots.h"
#include "camera/js_values.h"
#include "nv12/color.h"

namespace camera {
namespace {

constexpr int kMaxSlots = 32;
arguments::MemoryRange ExtentOf(const Message& message) {
  return {message.data, message.data + message.size};
}

/** A model input in ordinary memory, packed. */
class HeapInput : public ModelInput {
 public:
  HeapInput(int width, int height, bool stretch) : pixels_(PixelBuffer::BytesFor(width, height)) {
    target_ = pixels_.View(width, height);
    stretch_ = stretch;
  }

 private:
  const PixelBuffer pixels_;
};

/**
 * Slots of the onnx engine, which runs in JavaScript: it is told of letterboxed frames, and owns each until
 * it releases the slot.
 */
class JsHeapSlots : public JsSlots {
 public:
  JsHeapSlots(Napi::Env env, int slots, int width, int height, bool stretch)
      : JsSlots(env), width_(width), height_(height), stretch_(stretch) {
    std::vector<std::shared_ptr<ModelInput>> inputs;
    inputs.reserve(static_cast<size_t>(slots));
    for (int i = 0; i < slots; i++) inputs.push_back(MakeInput());
    slots_ = std::make_shared<SlotTable>(
        std::move(inputs), slots, [this](int slot) { Post(slot, {}); },
        [this](int slot) { PostGrant(slot); });
    SetTable(slots_);
  }
  ~JsHeapSlots() override { Shutdown(CloseReason::kEnvironmentEnds); }

 private:
  std::shared_ptr<ModelInput> MakeInput() const {
    return std::make_shared<HeapInput>(width_, height_, stretch_);
  }

  void AddMembers(Napi::Object) override {}
  std::shared_ptr<Attachment> MakeAttachment(int queue_size, uint32_t number,
                                             const std::shared_ptr<SharedCounters>& counters) override {
    std::vector<std::shared_ptr<ModelInput>> inputs;
    inputs.reserve(static_cast<size_t>(queue_size));
    for (int i = 0; i < queue_size; i++) inputs.push_back(MakeInput());
    return slots_->Attach(std::move(inputs), number, counters);
  }
  void Shutdown(CloseReason) override {
    if (!slots_) return;
    slots_->Close();
    slots_->FreeMemory();
    slots_.reset();
  }
  bool ExposesInput() const override { return true; }

  const int width_;
  const int height_;
  const bool stretch_;
  std::shared_ptr<SlotTable> slots_;
};

}  // namespace

Napi::Value InjectBinding(const Napi::CallbackInfo& info) { return OpenInjectedCamera(info.Env()); }

/** openHeapSlots(slots, width, height, done, stretch = false) */
Napi::Value OpenHeapSlotsBinding(const Napi::CallbackInfo& info) {
  const auto slots = static_cast<int>(ReadNumber(info[0], "1 to 32 slots", 1, kMaxSlots));
  const auto even = [&](size_t index) {
    const double size = ReadNumber(info[index], "an even size from 2 to 16384", 2, nv12::kMaxDimension);
    if (std::fmod(size, 2) != 0) arguments::Fail(info.Env(), "an even size", std::to_string(size));
    return static_cast<int>(size);
  };
  const int width = even(1);
  const int height = even(2);
  if (!info[3].IsFunction()) arguments::Fail(info.Env(), "a function for done", "another type");
  const bool stretch = info[4].ToBoolean();
  std::shared_ptr<JsHeapSlots> heap_slots;
  try {
    heap_slots = std::make_shared<JsHeapSlots>(info.Env(), slots, width, height, stretch);
  } catch (const std::bad_alloc&) {
    Throw(info.Env(), {"memory for " + std::to_string(slots) + " inputs of " + std::to_string(width) + "x" +
                           std::to_string(height),
                       "too little", "Use fewer slots, or close other programs."});
  }
  return heap_slots->Open(info[3].As<Napi::Function>(), "tros_yolo_seg:heap_slots");
}

Napi::Value NoCamerasBinding(const Napi::CallbackInfo& info) {
  Napi::Object object = Napi::Object::New(info.Env());
  object.Set("available", false);
  object.Set("reason", "the addon was built without rclcpp");
  return object;
}

/** letterboxContent(sourceWidth, sourceHeight, modelWidth, modelHeight, stretch = false) */
Napi::Value LetterboxContentBinding(const Napi::CallbackInfo& info) {
  int sizes[4];
  for (size_t i = 0; i < 4; i++)
    sizes[i] = static_cast<int>(ReadNumber(info[i], "an integer from 2 to 16384", 2, nv12::kMaxDimension));
  const nv12::Content content = LetterboxContent(sizes[0], sizes[1], sizes[2], sizes[3], info[4].ToBoolean());
  Napi::Object object = Napi::Object::New(info.Env());
  object.Set("left", content.left);
  object.Set("top", content.top);
  object.Set("width", content.width);
  object.Set("height", content.height);
  return object;
}

Napi::Value ImageEncodingsBinding(const Napi::CallbackInfo& info) {
  Napi::Array list = Napi::Array::New(info.Env());
  for (const Encoding& encoding : kEncodings) {
    Napi::Object object = Napi::Object::New(info.Env());
    object.Set("name", encoding.name);
    object.Set("aliases", encoding.aliases);
    list.Set(list.Length(), object);
  }
  return list;
}

Napi::Value HbmEncodingBinding(const Napi::CallbackInfo& info) {
  if (!info[0].IsTypedArray() || info[0].As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) {
    arguments::Fail(info.Env(), "a Uint8Array for the letters", "another type");
  }
  auto letters = info[0].As<Napi::Uint8Array>();
  return Napi::String::New(info.Env(), std::string(HbmEncoding(letters.Data(), letters.ElementLength())));
}

Napi::Value InspectImageBinding(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const ImageArgument image = ReadImage(info[0]);
  const ImageReading reading = ReadReading(info[1]);
  const Message message = image.View();
  try {
    const camera::ImageView view = ViewImage(message, reading);
    Napi::Object report = Napi::Object::New(env);
    report.Set("encoding", view.encoding->name);
    report.Set("width", view.width);
    report.Set("height", view.height);
    report.Set("stride", static_cast<double>(view.rows.stride));
    report.Set("rows", static_cast<double>(view.rows.count));
    report.Set("warning",
               view.rows.explained
                   ? env.Null()
                   : Napi::Value(ToObject(env, UnexplainedRows(view.shape, view.rows, message.size))));
    return report;
  } catch (const Failure& failure) {
    Throw(env, failure);
  }
}

Napi::Value ImageToNv12Binding(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const ImageArgument image = ReadImage(info[0]);
  const ImageReading reading = ReadReading(info[1]);
  const auto target_argument = arguments::ReadNv12(info[2], "target");
  const std::optional<Region> region = ReadRegion(info[3]);
  const Message message = image.View();
  const nv12::Target target = arguments::ViewTarget(target_argument);
  try {
    const camera::ImageView picture = ViewImage(message, reading);
    const camera::ImageView view =
        region ? Crop(picture, ClipRegion(*region, picture.width, picture.height)) : picture;
    const int width = nv12::EvenSize(view.width);
    const int height = nv12::EvenSize(view.height);
    if (target.width != width || target.height != height) {
      arguments::Fail(env, "a target of " + std::to_string(width) + "x" + std::to_string(height),
                      std::to_string(target.width) + "x" + std::to_string(target.height));
    }
    arguments::ExpectNoOverlap(env, nv12::AsSource(target), ExtentOf(message));
    Convert(view, target);
  } catch (const Failure& failure) {
    Throw(env, failure);
  }
  return env.Undefined();
}

Napi::Value ClipRegionBinding(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const std::optional<Region> region = ReadRegion(info[0]);
  if (!region) arguments::Fail(env, "an object for the region", "nothing");
  const auto size = [&](size_t index, const char* name) {
    return static_cast<int>(arguments::ReadInteger(info[index], name, 1, nv12::kMaxDimension));
  };
  const int width = size(1, "width");
  const int height = size(2, "height");
  try {
    Napi::Object object = ToObject(env, ClipRegion(*region, width, height));
    object.Set("warning", Exceeds(*region, width, height)
                              ? Napi::Value(ToObject(env, ExceedingRegion(*region, width, height)))
                              : env.Null());
    return object;
  } catch (const Failure& failure) {
    Throw(env, failure);
  }
}

}  // namespace camera
