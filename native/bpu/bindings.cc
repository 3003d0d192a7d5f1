#include "bpu/bindings.h"

#include <array>
#include <memory>
#include <vector>

#include "arguments.h"
#include "bpu/engine.h"
#include "bpu/failure.h"

namespace bpu {
namespace {

constexpr int kMostSlots = 32;

Napi::Object ToObject(Napi::Env env, const Failure& failure) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("expected", failure.expected);
  object.Set("received", failure.received);
  object.Set("hint", failure.hint);
  return object;
}

[[noreturn]] void Throw(Napi::Env env, const Failure& failure) {
  const Napi::Error error = Napi::Error::New(env, failure.expected + ": " + failure.received);
  error.Value().Set("failure", ToObject(env, failure));
  throw error;
}

std::string ReadText(Napi::Object object, const char* key) {
  const Napi::Value value = object.Get(key);
  if (value.IsUndefined()) return {};
  if (!value.IsString()) arguments::Fail(object.Env(), std::string("a string for ") + key, "another type");
  return value.As<Napi::String>().Utf8Value();
}

int ReadNumber(Napi::Object object, const char* key, int min, int max) {
  const Napi::Value value = object.Get(key);
  const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : min - 1.0;
  if (!(number >= min && number <= max) || number != static_cast<int>(number)) {
    arguments::Fail(object.Env(),
                    "an integer from " + std::to_string(min) + " to " + std::to_string(max) + " for " + key,
                    std::to_string(number));
  }
  return static_cast<int>(number);
}

Options ReadOptions(Napi::Value value) {
  if (!value.IsObject()) arguments::Fail(value.Env(), "an object of options", "another type");
  const auto object = value.As<Napi::Object>();
  Options options;
  options.library = ReadText(object, "library");
  options.file = ReadText(object, "file");
  options.model = ReadText(object, "model");
  options.slots = ReadNumber(object, "slots", 1, kMostSlots);
  options.schedule.core = ReadNumber(object, "core", 0, 2);
  options.schedule.priority = ReadNumber(object, "priority", HB_DNN_PRIORITY_LOWEST, HB_DNN_PRIORITY_HIGHEST);
  options.schedule.timeout_ms = ReadNumber(object, "timeout", 1, 1 << 30);
  return options;
}

template <typename Value>
Napi::Array Numbers(Napi::Env env, const Value* values, int32_t count) {
  Napi::Array array = Napi::Array::New(env, static_cast<size_t>(count));
  for (int32_t i = 0; i < count; i++) {
    array.Set(static_cast<uint32_t>(i), Napi::Number::New(env, static_cast<double>(values[i])));
  }
  return array;
}

/** NativeTensorProperties of src/native/bpu.ts. */
Napi::Object ToObject(Napi::Env env, const TensorDescription& tensor) {
  const hbDNNTensorProperties& p = tensor.properties;
  const int32_t dimensions = p.validShape.numDimensions;
  Napi::Object object = Napi::Object::New(env);
  object.Set("name", tensor.name);
  object.Set("validShape", Numbers(env, p.validShape.dimensionSize, dimensions));
  object.Set("alignedShape", Numbers(env, p.alignedShape.dimensionSize, dimensions));
  object.Set("stride", Numbers(env, p.stride, dimensions));
  object.Set("alignedByteSize", p.alignedByteSize);
  object.Set("tensorLayout", p.tensorLayout);
  object.Set("tensorType", p.tensorType);
  object.Set("quantiType", p.quantiType);
  object.Set("quantizeAxis", p.quantizeAxis);
  object.Set("scale", Numbers(env, p.scale.scaleData, p.scale.scaleLen));
  object.Set("zeroPoint", Numbers(env, p.scale.zeroPointData, p.scale.zeroPointLen));
  object.Set("shift", Numbers(env, p.shift.shiftData, p.shift.shiftLen));
  return object;
}

template <typename Items>
Napi::Array ToArray(Napi::Env env, const Items& items) {
  Napi::Array array = Napi::Array::New(env, items.size());
  for (uint32_t i = 0; i < items.size(); i++) {
    if constexpr (std::is_same_v<typename Items::value_type, std::string>) {
      array.Set(i, items[i]);
    } else {
      array.Set(i, ToObject(env, items[i]));
    }
  }
  return array;
}

/** An Engine in JavaScript's hands. Everything but OnSlotDone runs on the JS thread. */
class Session : public std::enable_shared_from_this<Session> {
 public:
  struct Event {
    int slot = 0;
    Outcome outcome;
  };
  /** Keeps the session until the last event was delivered. */
  using Context = std::shared_ptr<Session>;
  static void OnEvent(Napi::Env env, Napi::Function done, Context* context, Event* event);
  using Events = Napi::TypedThreadSafeFunction<Context, Event, OnEvent>;

  /** @throws Failure */
  Session(Napi::Env env, const Options& options)
      : env_(env),
        events_of_slots_(static_cast<size_t>(options.slots)),
        frames_(static_cast<size_t>(options.slots)) {
    engine_ = std::make_unique<Engine>(
        options, [this](int slot, const Outcome& outcome) { OnSlotDone(slot, outcome); });
  }
  ~Session() {
    if (opened_) napi_remove_env_cleanup_hook(env_, Abandon, this);
  }

  /** Connects to JavaScript; once, before any frame. */
  void Open(Napi::Function done) {
    events_ = Events::New(env_, done, "tros_yolo_seg:bpu", 0, 1, new Context(shared_from_this()),
                          [](Napi::Env, void*, Context* context) { delete context; });
    // An engine that nobody closed does not keep the process alive; a frame in flight does.
    events_.Unref(env_);
    opened_ = napi_add_env_cleanup_hook(env_, Abandon, this) == napi_ok;
  }

  Napi::Object ToObject() {
    Napi::Object object = Napi::Object::New(env_);
    const Model& model = engine_->model();
    object.Set("library", model.library()->path);
    object.Set("version", model.library()->version);
    object.Set("model", model.name());
    object.Set("models", ToArray(env_, model.names()));
    object.Set("inputs", ToArray(env_, model.inputs()));
    object.Set("outputs", ToArray(env_, model.outputs()));
    object.Set("estimatedLatency", model.estimated_latency());
    object.Set("width", engine_->slot(0).width());
    object.Set("height", engine_->slot(0).height());
    object.Set("buffers", MakeBuffers());
    const auto self = shared_from_this();
    object.Set("run",
               Napi::Function::New(env_, [self](const Napi::CallbackInfo& info) { self->Run(info); }, "run"));
    object.Set("close",
               Napi::Function::New(env_, [self](const Napi::CallbackInfo&) { self->Close(); }, "close"));
    return object;
  }

 private:
  /** For each slot and output a view on BPU memory. The memory lives as long as its view, or the slot, if
   * longer. */
  Napi::Array MakeBuffers() {
    Napi::Array slots = Napi::Array::New(env_);
    for (int i = 0; i < engine_->slots(); i++) {
      Napi::Array outputs = Napi::Array::New(env_);
      for (const std::shared_ptr<Memory>& memory : engine_->slot(i).outputs()) {
        auto buffer = Napi::ArrayBuffer::New(env_, memory->data(), memory->size(),
                                             [memory](Napi::Env, void*) { /* drops `memory` */ });
        buffers_.push_back(Napi::Persistent(buffer));
        outputs.Set(outputs.Length(), buffer);
      }
      slots.Set(slots.Length(), outputs);
    }
    return slots;
  }

  /** run(slot, frame, content) */
  void Run(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    if (!engine_) arguments::Fail(env, "an open engine", "a closed one");
    const double number = info[0].IsNumber() ? info[0].As<Napi::Number>().DoubleValue() : -1;
    const int slot = number >= 0 && number < engine_->slots() ? static_cast<int>(number) : -1;
    if (slot < 0 || slot != number) arguments::Fail(env, "the number of a slot", std::to_string(number));
    const auto source = arguments::ReadNv12(info[1], "frame");
    arguments::Nv12Argument target{};
    target.width = engine_->slot(slot).width();
    target.height = engine_->slot(slot).height();
    const nv12::Content content = arguments::ReadContent(info[2], target);
    const nv12::Source view = arguments::ViewSource(source);
    // Reading the arguments may have run a getter that closed the engine.
    if (!engine_ || !frames_[static_cast<size_t>(slot)].IsEmpty() || !engine_->Start(slot, {view, content})) {
      arguments::Fail(env, "a free slot", "slot " + std::to_string(slot));
    }
    frames_[static_cast<size_t>(slot)] = Napi::Persistent(source.data.As<Napi::Object>());
    if (in_flight_++ == 0) events_.Ref(env);
  }

  /** On the slot's thread. Its event is free: the slot takes the next frame only after JavaScript had this
   * one. */
  void OnSlotDone(int slot, const Outcome& outcome) {
    Event& event = events_of_slots_[static_cast<size_t>(slot)];
    event = {slot, outcome};
    events_.NonBlockingCall(&event);
  }

  void Close() {
    if (!engine_) return;
    engine_.reset();
    for (auto& buffer : buffers_) {
      auto array = buffer.Value();
      // One that was transferred elsewhere is detached already; its memory is freed with its last view.
      if (!array.IsDetached()) array.Detach();
    }
    buffers_.clear();
    events_.Release();
  }

  /** The environment goes away (process.exit, a worker ends): no more JavaScript, but threads and memory must
   * go. */
  static void Abandon(void* data) {
    auto* session = static_cast<Session*>(data);
    session->engine_.reset();
    session->buffers_.clear();
    session->frames_.clear();
  }

  Napi::Env env_;
  std::vector<Event> events_of_slots_;
  /** The bytes of the frames in flight, kept from being collected. */
  std::vector<Napi::ObjectReference> frames_;
  std::vector<Napi::Reference<Napi::ArrayBuffer>> buffers_;
  Events events_;
  int in_flight_ = 0;
  std::unique_ptr<Engine> engine_;
  bool opened_ = false;
};

void Session::OnEvent(Napi::Env env, Napi::Function done, Context* context, Event* event) {
  if (env == nullptr || done == nullptr) return;
  Session& session = **context;
  const auto slot = static_cast<size_t>(event->slot);
  if (slot < session.frames_.size()) session.frames_[slot].Reset();
  if (--session.in_flight_ == 0 && session.engine_) session.events_.Unref(env);
  const Outcome& outcome = event->outcome;
  const Napi::Value failure = outcome.failure ? ::bpu::ToObject(env, *outcome.failure) : env.Null();
  done.Call({Napi::Number::New(env, event->slot), failure, Napi::Number::New(env, outcome.preprocess),
             Napi::Number::New(env, outcome.inference)});
}

}  // namespace

Napi::Value OpenBinding(const Napi::CallbackInfo& info) {
  const Options options = ReadOptions(info[0]);
  if (!info[1].IsFunction()) arguments::Fail(info.Env(), "a function for done", "another type");
  try {
    const auto session = std::make_shared<Session>(info.Env(), options);
    session->Open(info[1].As<Napi::Function>());
    return session->ToObject();
  } catch (const Failure& failure) {
    Throw(info.Env(), failure);
  }
}

}  // namespace bpu
