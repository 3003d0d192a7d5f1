#include "bpu/bindings.h"

#include <memory>
#include <vector>

#include "arguments.h"
#include "bpu/engine.h"
#include "bpu/failure.h"
#include "bpu/libdnn_paths.h"
#include "camera/js_slots.h"
#include "camera/js_values.h"
#include "decode/plan_bindings.h"

namespace bpu {
namespace {

constexpr int kMaxSlots = 32;
constexpr int kMaxSpare = 8;

/** Empty when the property is undefined. */
std::string ReadOptionalText(Napi::Object object, const char* key) {
  return object.Get(key).IsUndefined() ? std::string() : arguments::ReadString(object, key);
}

Options ReadOptions(Napi::Value value) {
  if (!value.IsObject()) arguments::Fail(value.Env(), "an object of options", "another type");
  const auto object = value.As<Napi::Object>();
  Options options;
  options.library = ReadOptionalText(object, "library");
  options.file = ReadOptionalText(object, "file");
  options.model = ReadOptionalText(object, "model");
  const auto integer = [&](const char* key, int min, int max) {
    return static_cast<int>(arguments::ReadInteger(object.Get(key), key, min, max));
  };
  options.slots = integer("slots", 1, kMaxSlots);
  options.spare = integer("spare", 0, kMaxSpare);
  options.schedule.core = integer("core", 0, 2);
  options.schedule.priority = integer("priority", HB_DNN_PRIORITY_LOWEST, HB_DNN_PRIORITY_HIGHEST);
  options.schedule.timeout_ms = integer("timeout", 1, 1 << 30);
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

/** A NativeTensorProperties (src/native/bpu.ts). */
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

/** The JavaScript face of an Engine, a NativeBpu (src/native/bpu.ts). */
class JsEngine : public camera::JsSlots {
 public:
  /** @throws Failure */
  JsEngine(Napi::Env env, const Options& options) : camera::JsSlots(env) {
    engine_ = std::make_unique<Engine>(
        options,
        [this](int slot, Outcome&& outcome) {
          Post(slot, {std::move(outcome.failure), outcome.preprocess, outcome.inference});
        },
        [this](int slot) { PostGrant(slot); });
    SetTable(engine_->table());
  }

 private:
  void AddMembers(Napi::Object object) override {
    const Model& model = engine_->model();
    object.Set("library", model.library()->path);
    object.Set("version", model.library()->version);
    object.Set("model", model.name());
    object.Set("models", ToArray(env(), model.names()));
    object.Set("inputs", ToArray(env(), model.inputs()));
    object.Set("outputs", ToArray(env(), model.outputs()));
    object.Set("estimatedLatency", model.estimated_latency());
    object.Set("width", engine_->width());
    object.Set("height", engine_->height());
    object.Set("buffers", MakeBuffers());
    const auto self = std::static_pointer_cast<JsEngine>(shared_from_this());
    object.Set(
        "planAhead",
        Napi::Function::New(
            env(), [self](const Napi::CallbackInfo& info) { return self->PlanAhead(info); }, "planAhead"));
    object.Set("run", Napi::Function::New(
                          env(), [self](const Napi::CallbackInfo& info) { return self->Run(info); }, "run"));
  }

  /** planAhead(version, numbers, blocks, scales, limits, lowest, iou): a view on the results of each
   * slot. Without arguments, slots stop decoding. */
  Napi::Value PlanAhead(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    if (!engine_) arguments::Fail(env, "an open engine", "a closed one");
    if (info[0].IsUndefined()) {
      engine_->SetPlan(nullptr);
      return env.Undefined();
    }
    std::vector<size_t> bytes;
    for (const TensorDescription& output : engine_->model().outputs()) {
      bytes.push_back(static_cast<size_t>(output.properties.alignedByteSize));
    }
    auto plan = decode::ReadPlan(info, bytes);
    // Reading it may have run getters.
    if (!engine_) arguments::Fail(env, "an open engine", "one that was closed while the plan was read");
    // Last, because it cannot fail: if an earlier step throws, the former plan stays.
    engine_->ReserveAhead();
    if (found_.IsEmpty()) {
      Napi::Array slots = Napi::Array::New(env);
      for (int i = 0; i < engine_->slots(); i++) {
        const auto found = engine_->found(i);
        slots.Set(static_cast<uint32_t>(i),
                  Napi::ArrayBuffer::New(env, found->numbers.data(), found->numbers.size() * sizeof(int32_t),
                                         [found](Napi::Env, void*) { /* drops `found` */ }));
      }
      found_ = Napi::Persistent(slots.As<Napi::Object>());
    }
    engine_->SetPlan(std::move(plan));
    return found_.Value();
  }

  /** A view of BPU memory for each slot and output. */
  Napi::Array MakeBuffers() {
    exposed_.resize(static_cast<size_t>(engine_->slots()));
    Napi::Array slots = Napi::Array::New(env());
    buffers_ = Napi::Persistent(slots.As<Napi::Object>());
    for (int i = 0; i < engine_->slots(); i++) Expose(i);
    return slots;
  }

  /** The memory lives as long as the view or the slot, whichever is longer. */
  void Expose(int slot) {
    const auto& outputs = engine_->slot(slot).outputs();
    Napi::Array buffers = Napi::Array::New(env());
    ExposedSlot exposed{outputs, {}};
    for (const std::shared_ptr<BpuMemory>& memory : outputs->memory) {
      auto buffer = Napi::ArrayBuffer::New(env(), memory->data(), memory->size(),
                                           [memory](Napi::Env, void*) { /* releases `memory` */ });
      exposed.views.push_back({Napi::Persistent(buffer), memory});
      buffers.Set(buffers.Length(), buffer);
    }
    buffers_.Value().Set(static_cast<uint32_t>(slot), buffers);
    exposed_[static_cast<size_t>(slot)] = std::move(exposed);
  }

  /**
   * After a timeout the slot has new memory, because the BPU may still write to the old one: replaces
   * JavaScript's views.
   */
  void RefreshBuffers(int slot) override {
    if (!engine_) return;
    const auto& outputs = engine_->slot(slot).outputs();
    ExposedSlot& exposed = exposed_[static_cast<size_t>(slot)];
    if (!outputs || outputs == exposed.outputs) return;
    for (BufferView& view : exposed.views) Detach(view);
    exposed.views.clear();
    Expose(slot);
  }

  /**
   * run(frame, content, slot): returns the slot, or -1 when none is free. `slot` is a slot that was taken or
   * granted, or -1. All arguments are read first, because a getter may run and close the engine.
   */
  Napi::Value Run(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    if (!engine_) arguments::Fail(env, "an open engine", "a closed one");
    arguments::Nv12Argument target{};
    target.width = engine_->width();
    target.height = engine_->height();
    const auto source = arguments::ReadNv12(info[0], "frame");
    const nv12::Content content = arguments::ReadContent(info[1], target);
    int slot = static_cast<int>(arguments::ReadInteger(info[2], "slot", -1, kMaxSlots + kMaxSpare - 1));
    if (!engine_) arguments::Fail(env, "an open engine", "one that was closed while the frame was read");
    arguments::ExpectNotResizable(source);
    const nv12::Source view = arguments::ViewSource(source);
    // Before taking a slot: this may throw, and the slot would never be released.
    Napi::ObjectReference bytes = Napi::Persistent(source.data.As<Napi::Object>());
    if (slot >= 0) {
      if (!ConsumeGrant(static_cast<uint32_t>(slot))) {
        arguments::Fail(env, "-1, or a slot that was granted and not used since", std::to_string(slot));
      }
    } else {
      slot = engine_->table()->Take();
    }
    if (slot >= 0) {
      PinFrame(slot, std::move(bytes));
      engine_->Start(slot, {view, content});
    }
    return Napi::Number::New(env, slot);
  }

  std::shared_ptr<camera::Attachment> MakeAttachment(
      int queue_size, uint32_t number, const std::shared_ptr<camera::SharedCounters>& counters) override {
    return engine_->Attach(queue_size, number, counters);
  }

  void Shutdown(CloseReason reason) override {
    if (engine_ && reason == CloseReason::kEnvironmentEnds) engine_->BeginFastShutdown();
    engine_.reset();
    for (ExposedSlot& exposed : exposed_) {
      if (reason != CloseReason::kClosed) break;
      for (BufferView& view : exposed.views) {
        // Free it now; the garbage collector may never run.
        if (Detach(view)) view.memory->Free();
      }
    }
    exposed_.clear();
    buffers_.Reset();
    found_.Reset();
  }

  struct BufferView {
    Napi::Reference<Napi::ArrayBuffer> buffer;
    std::shared_ptr<BpuMemory> memory;
  };
  /** The views of one slot that JavaScript has. */
  struct ExposedSlot {
    std::shared_ptr<const Outputs> outputs;
    std::vector<BufferView> views;
  };

  /** @returns false when the buffer was transferred; its memory is freed with its last view */
  static bool Detach(BufferView& view) {
    auto array = view.buffer.Value();
    if (array.IsDetached()) return false;
    array.Detach();
    return true;
  }

  std::vector<ExposedSlot> exposed_;
  /** Views on the results of decoding ahead, by slot; empty before the first plan. */
  Napi::ObjectReference found_;
  /** JavaScript's array of the views, by slot and output. */
  Napi::ObjectReference buffers_;
  std::unique_ptr<Engine> engine_;
};

}  // namespace

Napi::Value OpenBinding(const Napi::CallbackInfo& info) {
  const Options options = ReadOptions(info[0]);
  if (!info[1].IsFunction()) arguments::Fail(info.Env(), "a function for done", "another type");
  try {
    return std::make_shared<JsEngine>(info.Env(), options)
        ->Open(info[1].As<Napi::Function>(), "tros_yolo_seg:bpu");
  } catch (const Failure& failure) {
    camera::Throw(info.Env(), failure);
  }
}

Napi::Value LibdnnPathsBinding(const Napi::CallbackInfo& info) {
  Napi::Object object = Napi::Object::New(info.Env());
  const auto list = [&](const char* name, const auto& paths) {
    Napi::Array array = Napi::Array::New(info.Env());
    for (const char* path : paths) array.Set(array.Length(), path);
    object.Set(name, array);
  };
  list("libraries", kLibdnnPaths);
  list("companionFolders", kCompanionFolders);
  return object;
}

}  // namespace bpu
