#include "camera/js_slots.h"

#include <cmath>
#include <utility>

#include "arguments.h"
#include "camera/js_values.h"

namespace camera {
namespace {

/** Limit of queue_size; each waiting frame takes the memory of a model input. */
constexpr uint32_t kMaxWaiting = 1000;
constexpr const char* kExpectedQueue = "a queue size from 1 to 1000";

/** Milliseconds on the clock of process.hrtime(). */
double Milliseconds(Clock::time_point time) {
  return std::chrono::duration<double, std::milli>(time.time_since_epoch()).count();
}

uint32_t ReadIndex(const Napi::CallbackInfo& info, size_t argument, const char* expected) {
  const double number =
      info[argument].IsNumber() ? info[argument].As<Napi::Number>().DoubleValue() : std::nan("");
  if (!(number >= 0 && number <= 4294967295.0) || number != std::floor(number)) {
    arguments::Fail(info.Env(), expected, std::to_string(number));
  }
  return static_cast<uint32_t>(number);
}

}  // namespace

JsSlots::~JsSlots() {
  if (opened_) napi_remove_env_cleanup_hook(env_, OnEnvironmentExit, this);
}

Napi::Object JsSlots::Open(Napi::Function done, const char* name) {
  auto context = std::make_unique<Context>(shared_from_this());
  events_ = Events::New(env_, done, name, 0, 1, context.get(),
                        [](Napi::Env, void*, Context* ended) { delete ended; });
  static_cast<void>(context.release());  // owned by the function's finalizer
  try {
    // An open engine or camera does not keep the process alive; a submitted frame does.
    events_.Unref(env_);
    opened_ = napi_add_env_cleanup_hook(env_, OnEnvironmentExit, this) == napi_ok;
    return ToObject();
  } catch (...) {
    // JavaScript never receives the object, so it cannot close it.
    Close(CloseReason::kClosed);
    throw;
  }
}

void JsSlots::SetTable(std::shared_ptr<SlotTable> table) {
  const auto slots = static_cast<size_t>(table->size());
  events_of_slots_.resize(slots);
  frames_.resize(slots);
  lent_.resize(slots);
  inputs_.resize(slots);
  table_ = std::move(table);
}

Napi::Object JsSlots::ToObject() {
  Napi::Object object = Napi::Object::New(env_);
  const auto self = shared_from_this();
  const auto add = [&](const char* name, auto call) {
    object.Set(name,
               Napi::Function::New(
                   env_, [self, call](const Napi::CallbackInfo& info) { return call(*self, info); }, name));
  };
  add("release", [](JsSlots& slots, const Napi::CallbackInfo& info) { slots.Release(info); });
  add("free", [](JsSlots& slots, const Napi::CallbackInfo& info) -> Napi::Value {
    return Napi::Number::New(info.Env(), slots.table_ ? slots.table_->free() : 0);
  });
  add("take", [](JsSlots& slots, const Napi::CallbackInfo& info) -> Napi::Value {
    const int slot = slots.table_ ? slots.table_->Take() : -1;
    if (slot >= 0) slots.MarkGranted(slot);
    return Napi::Number::New(info.Env(), slot);
  });
  add("requestSlot", [](JsSlots& slots, const Napi::CallbackInfo&) {
    if (slots.table_) slots.table_->Request();
  });
  add("cancelRequest", [](JsSlots& slots, const Napi::CallbackInfo& info) -> Napi::Value {
    return Napi::Boolean::New(info.Env(), slots.table_ && slots.table_->CancelRequest());
  });
  add("attach", [](JsSlots& slots, const Napi::CallbackInfo& info) { return slots.Attach(info); });
  add("detach", [](JsSlots& slots, const Napi::CallbackInfo& info) { return slots.Detach(info); });
  add("endLease", [](JsSlots& slots, const Napi::CallbackInfo& info) { slots.EndLease(info); });
  add("ref", [](JsSlots& slots, const Napi::CallbackInfo&) { slots.Ref(); });
  add("unref", [](JsSlots& slots, const Napi::CallbackInfo&) { slots.Unref(); });
  add("close", [](JsSlots& slots, const Napi::CallbackInfo&) { slots.Close(CloseReason::kClosed); });
  add("closeKeepingBuffers",
      [](JsSlots& slots, const Napi::CallbackInfo&) { slots.Close(CloseReason::kCollected); });
  AddMembers(object);
  return object;
}

bool JsSlots::ConsumeGrant(uint32_t slot) {
  if (slot >= lent_.size() || lent_[slot] != Loan::kGrant) return false;
  lent_[slot] = Loan::kNone;
  return true;
}

void JsSlots::PinFrame(int slot, Napi::ObjectReference&& bytes) {
  frames_[static_cast<size_t>(slot)] = std::move(bytes);
  Ref();
}

void JsSlots::Ref() {
  if (refs_++ == 0 && table_) events_.Ref(env_);
}

void JsSlots::Unref() {
  if (refs_ > 0 && --refs_ == 0 && table_) events_.Unref(env_);
}

/**
 * Runs on the slot's thread or a camera's. The slot's event is free, because a slot is taken again only after
 * JavaScript has received this event and released the slot.
 */
void JsSlots::Post(Event posted) {
  Event& event = events_of_slots_[static_cast<size_t>(posted.slot)];
  event = std::move(posted);
  events_.NonBlockingCall(&event);
}

void JsSlots::OnEvent(Napi::Env env, Napi::Function done, Context* context, Event* event) {
  if (env == nullptr || done == nullptr) return;
  JsSlots& slots = **context;
  if (static_cast<size_t>(event->slot) >= slots.frames_.size()) return;
  try {
    slots.Deliver(env, done, *event, true);
  } catch (const Napi::Error& error) {
    slots.DeliverFailure(env, done, *event, error);
  }
}

/**
 * The result could not be delivered, for example for lack of memory. JavaScript would wait for it forever, so
 * deliver a failure, which needs less memory.
 */
void JsSlots::DeliverFailure(Napi::Env env, Napi::Function done, Event& event, const Napi::Error& error) {
  const auto slot = static_cast<size_t>(event.slot);
  try {
    event.result.failure =
        Failure("memory in JavaScript for the result of a frame", error.Message(), "Use fewer slots.");
    Deliver(env, done, event, false);
  } catch (const Napi::Error&) {
    // The environment is ending and no objects can be created. Release the slot in case it does continue.
    if (!table_ || slot >= lent_.size()) return;
    lent_[slot] = Loan::kNone;
    table_->Release(event.slot);
  }
}

/** @param lends whether JavaScript gets views of memory: of a camera's frame, or of a slot with new memory */
void JsSlots::Deliver(Napi::Env env, Napi::Function done, Event& event, bool lends) {
  const auto slot = static_cast<size_t>(event.slot);
  Result& result = event.result;
  if (!frames_[slot].IsEmpty()) {
    const bool there = arguments::HasMemory(frames_[slot].Value());
    frames_[slot].Reset();
    Unref();
    if (!there && !result.failure) {
      result.failure = Failure("the bytes of a frame to stay in place until its result arrives",
                               "an ArrayBuffer that was transferred in the meantime",
                               "Transfer a copy, or wait until submit() has settled.");
    }
  }
  if (lends) RefreshBuffers(event.slot);
  lent_[slot] = event.granted ? Loan::kGrant : Loan::kResult;
  napi_value arguments[5];
  arguments[0] = Napi::Number::New(env, event.slot);
  arguments[1] = result.failure ? camera::ToObject(env, *result.failure) : env.Null();
  arguments[2] = Napi::Number::New(env, result.preprocess);
  arguments[3] = Napi::Number::New(env, result.inference);
  arguments[4] = event.granted ? env.Null() : env.Undefined();
  if (table_ && table_->state(event.slot).attachment) {
    arguments[4] = ToObject(event.slot, table_->state(event.slot), lends);
  }
  // An exception thrown by JavaScript stays pending, and Node reports it. Calls that fail because the
  // environment is ending have no effect.
  napi_call_function(env, env.Undefined(), done, 5, arguments, nullptr);
}

/** A NativeFrameInfo (src/native/camera.ts). */
Napi::Value JsSlots::ToObject(int slot, SlotTable::SlotState& state, bool lends) {
  const FrameInfo& frame_info = state.frame_info;
  Napi::Object object = Napi::Object::New(env_);
  object.Set("attachment", state.attachment->number());
  object.Set("sequence", static_cast<double>(state.sequence));
  object.Set("sec", frame_info.sec);
  object.Set("nanosec", frame_info.nanosec);
  object.Set("index", static_cast<double>(frame_info.index));
  object.Set("frameId",
             frame_info.has_frame_id ? Napi::String::New(env_, frame_info.frame_id) : env_.Undefined());
  object.Set("width", frame_info.width);
  object.Set("height", frame_info.height);
  object.Set("part", camera::ToObject(env_, frame_info.part));
  object.Set("received", Milliseconds(frame_info.received));
  object.Set("submitted", Milliseconds(frame_info.submitted));
  object.Set("preprocess", frame_info.preprocess);
  if (!lends) return object;
  if (frame_info.pixels) {
    uint32_t lease = 0;
    object.Set("pixels", LeaseBuffer(frame_info.pixels, frame_info.pixels->data(),
                                     PixelBuffer::BytesFor(nv12::EvenSize(frame_info.width),
                                                           nv12::EvenSize(frame_info.height)),
                                     &lease));
    object.Set("lease", lease);
    state.frame_info.pixels.reset();
  }
  if (ExposesInput()) {
    const nv12::Target& target = state.input->target();
    uint32_t lease = 0;
    auto buffer =
        LeaseBuffer(state.input, target.luma, PixelBuffer::BytesFor(target.width, target.height), &lease);
    object.Set("input", buffer);
    inputs_[static_cast<size_t>(slot)] = Napi::Persistent(buffer);
  }
  return object;
}

Napi::ArrayBuffer JsSlots::LeaseBuffer(std::shared_ptr<const void> owner, uint8_t* data, size_t size,
                                       uint32_t* key) {
  const auto lease = std::make_shared<Lease>(Lease{std::move(owner), data});
  *key = next_lease_++;
  leases_[*key] = lease;
  const std::weak_ptr<JsSlots> slots = weak_from_this();
  return Napi::ArrayBuffer::New(env_, data, size, [lease, slots, number = *key](Napi::Env, void*) {
    if (const auto home = slots.lock()) home->leases_.erase(number);
  });
}

/** endLease(lease, buffer): detaches the buffer. */
void JsSlots::EndLease(const Napi::CallbackInfo& info) {
  const auto found = leases_.find(ReadIndex(info, 0, "the number of a lease"));
  const auto lease = found == leases_.end() ? nullptr : found->second.lock();
  if (!lease || !info[1].IsArrayBuffer()) return;
  auto buffer = info[1].As<Napi::ArrayBuffer>();
  if (buffer.IsDetached() || buffer.Data() != lease->data) return;
  leases_.erase(found);
  buffer.Detach();
  lease->owner.reset();
}

void JsSlots::Release(const Napi::CallbackInfo& info) {
  const uint32_t slot = ReadIndex(info, 0, "the number of a slot");
  if (!table_) return;
  if (slot >= lent_.size() || lent_[slot] == Loan::kNone) {
    arguments::Fail(info.Env(), "a slot that JavaScript holds", "slot " + std::to_string(slot));
  }
  lent_[slot] = Loan::kNone;
  auto& input = inputs_[slot];
  if (!input.IsEmpty()) {
    auto buffer = input.Value();
    if (!buffer.IsDetached()) buffer.Detach();
    input.Reset();
  }
  table_->Release(static_cast<int>(slot));
}

/** attach(camera, queueSize): returns the number of the attachment. */
Napi::Value JsSlots::Attach(const Napi::CallbackInfo& info) {
  const auto camera = Camera::Find(ReadIndex(info, 0, "the number of a camera"));
  const uint32_t queue_size = info[1].IsUndefined() ? 1 : ReadIndex(info, 1, kExpectedQueue);
  if (queue_size < 1 || queue_size > kMaxWaiting)
    arguments::Fail(info.Env(), kExpectedQueue, std::to_string(queue_size));
  if (!table_) arguments::Fail(info.Env(), "an open engine", "a closed one");
  if (!camera) arguments::Fail(info.Env(), "a camera that is open", "one that is closed");
  for (const auto& [number, attached] : attached_) {
    if (attached.camera == camera)
      arguments::Fail(info.Env(), "a camera that is not attached", "one that is");
  }
  std::shared_ptr<Attachment> attachment;
  try {
    attachment = MakeAttachment(static_cast<int>(queue_size), next_attachment_, camera->counters());
  } catch (const Failure& failure) {
    Throw(info.Env(), failure);
  }
  if (!camera->Attach(attachment)) {
    attachment->Detach();
    arguments::Fail(info.Env(), "a camera that is not attached", "one that is attached to another engine");
  }
  const uint32_t number = next_attachment_++;
  attached_[number] = {camera, attachment};
  return Napi::Number::New(info.Env(), number);
}

/** detach(attachment): returns how many of its frames ever had a slot. */
Napi::Value JsSlots::Detach(const Napi::CallbackInfo& info) {
  const auto found = attached_.find(ReadIndex(info, 0, "the number of an attachment"));
  if (found == attached_.end()) arguments::Fail(info.Env(), "a camera that is attached", "one that is not");
  const Attached attached = found->second;
  attached_.erase(found);
  attached.camera->Detach(attached.attachment);
  return Napi::Number::New(info.Env(), static_cast<double>(attached.attachment->Detach()));
}

void JsSlots::DetachAll() {
  for (const auto& [number, attached] : attached_) {
    attached.camera->Detach(attached.attachment);
    attached.attachment->Detach();
  }
  attached_.clear();
}

void JsSlots::Close(CloseReason reason) {
  if (!table_) return;
  DetachAll();
  Shutdown(reason);
  for (auto& input : inputs_) {
    if (!input.IsEmpty() && !input.Value().IsDetached()) input.Value().Detach();
    input.Reset();
  }
  table_.reset();
  events_.Release();
}

/**
 * The environment ends (process.exit, or a worker exits): no more JavaScript, but threads must end and memory
 * must be freed.
 */
void JsSlots::OnEnvironmentExit(void* data) {
  auto* slots = static_cast<JsSlots*>(data);
  if (!slots->table_) return;
  slots->DetachAll();
  slots->Shutdown(CloseReason::kEnvironmentEnds);
  slots->frames_.clear();
  slots->inputs_.clear();
  slots->table_.reset();
  slots->events_.Release();
}

}  // namespace camera
