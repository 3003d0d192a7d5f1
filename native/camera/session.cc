#include "camera/session.h"

#include <cmath>
#include <utility>

#include "arguments.h"

namespace camera {
namespace {

/** Frames of a camera that may wait; each takes the memory of a model input. */
constexpr uint32_t kMostWaiting = 1000;
constexpr const char* kExpectedQueue = "a number of frames that may wait, from 1 to 1000";

/** On the clock of process.hrtime(). */
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

Napi::Object ToObject(Napi::Env env, const Failure& failure) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("expected", failure.expected);
  object.Set("received", failure.received);
  object.Set("hint", failure.hint);
  return object;
}

Napi::Object ToObject(Napi::Env env, const Region& region) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("x", region.x);
  object.Set("y", region.y);
  object.Set("width", region.width);
  object.Set("height", region.height);
  return object;
}

void Throw(Napi::Env env, const Failure& failure) {
  const Napi::Error error = Napi::Error::New(env, failure.expected + ": " + failure.received);
  error.Value().Set("failure", ToObject(env, failure));
  throw error;
}

Session::~Session() {
  if (opened_) napi_remove_env_cleanup_hook(env_, Abandon, this);
}

Napi::Object Session::Open(Napi::Function done, const char* name) {
  auto context = std::make_unique<Context>(shared_from_this());
  events_ = Events::New(env_, done, name, 0, 1, context.get(),
                        [](Napi::Env, void*, Context* ended) { delete ended; });
  context.release();
  try {
    // An engine that nobody closed does not keep the process alive, nor does a camera; a submitted frame
    // does.
    events_.Unref(env_);
    opened_ = napi_add_env_cleanup_hook(env_, Abandon, this) == napi_ok;
    return ToObject();
  } catch (...) {
    // JavaScript will never have it to close it.
    Close(Ending::kClosed);
    throw;
  }
}

void Session::Use(std::shared_ptr<SlotTable> table) {
  const auto slots = static_cast<size_t>(table->size());
  events_of_slots_.resize(slots);
  frames_.resize(slots);
  lent_.resize(slots);
  inputs_.resize(slots);
  table_ = std::move(table);
}

Napi::Object Session::ToObject() {
  Napi::Object object = Napi::Object::New(env_);
  const auto self = shared_from_this();
  const auto add = [&](const char* name, auto call) {
    object.Set(name,
               Napi::Function::New(
                   env_, [self, call](const Napi::CallbackInfo& info) { return call(*self, info); }, name));
  };
  add("release", [](Session& session, const Napi::CallbackInfo& info) { session.Release(info); });
  add("free", [](Session& session, const Napi::CallbackInfo& info) -> Napi::Value {
    return Napi::Number::New(info.Env(), session.table_ ? session.table_->free() : 0);
  });
  add("take", [](Session& session, const Napi::CallbackInfo& info) -> Napi::Value {
    const int slot = session.table_ ? session.table_->Take() : -1;
    if (slot >= 0) session.Lent(slot);
    return Napi::Number::New(info.Env(), slot);
  });
  add("ask", [](Session& session, const Napi::CallbackInfo&) {
    if (session.table_) session.table_->Ask();
  });
  add("unask", [](Session& session, const Napi::CallbackInfo& info) -> Napi::Value {
    return Napi::Boolean::New(info.Env(), session.table_ && session.table_->Unask());
  });
  add("attach", [](Session& session, const Napi::CallbackInfo& info) { return session.Attach(info); });
  add("detach", [](Session& session, const Napi::CallbackInfo& info) { return session.Detach(info); });
  add("giveBack", [](Session& session, const Napi::CallbackInfo& info) { session.GiveBack(info); });
  add("hold", [](Session& session, const Napi::CallbackInfo&) { session.Hold(); });
  add("drop", [](Session& session, const Napi::CallbackInfo&) { session.Drop(); });
  add("close", [](Session& session, const Napi::CallbackInfo&) { session.Close(Ending::kClosed); });
  add("forget", [](Session& session, const Napi::CallbackInfo&) { session.Close(Ending::kForgotten); });
  Describe(object);
  return object;
}

bool Session::UseGrant(uint32_t slot) {
  if (slot >= lent_.size() || lent_[slot] != Loan::kGrant) return false;
  lent_[slot] = Loan::kNone;
  return true;
}

void Session::Keep(int slot, Napi::ObjectReference&& bytes) {
  frames_[static_cast<size_t>(slot)] = std::move(bytes);
  Hold();
}

void Session::Hold() {
  if (held_++ == 0 && table_) events_.Ref(env_);
}

void Session::Drop() {
  if (held_ > 0 && --held_ == 0 && table_) events_.Unref(env_);
}

/** On the slot's thread, or a camera's. The slot's event is free: the slot is taken again only after
 * JavaScript had this one and released it. */
void Session::Post(Event told) {
  Event& event = events_of_slots_[static_cast<size_t>(told.slot)];
  event = std::move(told);
  events_.NonBlockingCall(&event);
}

void Session::OnEvent(Napi::Env env, Napi::Function done, Context* context, Event* event) {
  if (env == nullptr || done == nullptr) return;
  Session& session = **context;
  if (static_cast<size_t>(event->slot) >= session.frames_.size()) return;
  try {
    session.Tell(env, done, *event, true);
  } catch (const Napi::Error& error) {
    session.TellFailure(env, done, *event, error);
  }
}

/** JavaScript could not be told of a slot, and must be: it would wait for ever. With less this time. */
void Session::TellFailure(Napi::Env env, Napi::Function done, Event& event, const Napi::Error& error) {
  const auto slot = static_cast<size_t>(event.slot);
  try {
    event.result.failure =
        Failure("memory in JavaScript for the result of a frame", error.Message(), "Use fewer slots.");
    Tell(env, done, event, false);
  } catch (const Napi::Error&) {
    // The environment ends: nothing can be made any more. The slot is free, should it go on after all.
    if (!table_ || slot >= lent_.size()) return;
    lent_[slot] = Loan::kNone;
    table_->Release(event.slot);
  }
}

/** @param lends whether JavaScript is shown memory: that of a camera's frame, or of a slot that has another
 */
void Session::Tell(Napi::Env env, Napi::Function done, Event& event, bool lends) {
  const auto slot = static_cast<size_t>(event.slot);
  Result& result = event.result;
  if (!frames_[slot].IsEmpty()) {
    const bool there = arguments::HasMemory(frames_[slot].Value());
    frames_[slot].Reset();
    Drop();
    if (!there && !result.failure) {
      result.failure = Failure("the bytes of a frame to stay until its result is there",
                               "an ArrayBuffer that was transferred meanwhile",
                               "Transfer it when submit() has settled, or a copy of it.");
    }
  }
  if (lends) Prepare(event.slot);
  lent_[slot] = event.granted ? Loan::kGrant : Loan::kResult;
  napi_value arguments[5];
  arguments[0] = Napi::Number::New(env, event.slot);
  arguments[1] = result.failure ? camera::ToObject(env, *result.failure) : env.Null();
  arguments[2] = Napi::Number::New(env, result.preprocess);
  arguments[3] = Napi::Number::New(env, result.inference);
  arguments[4] = event.granted ? env.Null() : env.Undefined();
  if (table_ && table_->place(event.slot).feed) {
    arguments[4] = Arrived(event.slot, table_->place(event.slot), lends);
  }
  // What JavaScript throws stays pending, for Node to tell. Calls that the end of the environment forbids
  // come to nothing.
  napi_call_function(env, env.Undefined(), done, 5, arguments, nullptr);
}

/** NativeArrival of src/native/camera.ts. */
Napi::Value Session::Arrived(int slot, SlotTable::Place& place, bool lends) {
  const Arrival& arrival = place.arrival;
  Napi::Object object = Napi::Object::New(env_);
  object.Set("feed", place.feed->number());
  object.Set("sequence", static_cast<double>(place.sequence));
  object.Set("sec", arrival.sec);
  object.Set("nanosec", arrival.nanosec);
  object.Set("index", static_cast<double>(arrival.index));
  object.Set("frameId", arrival.has_frame_id ? Napi::String::New(env_, arrival.frame_id) : env_.Undefined());
  object.Set("width", arrival.width);
  object.Set("height", arrival.height);
  object.Set("part", camera::ToObject(env_, arrival.part));
  object.Set("received", Milliseconds(arrival.received));
  object.Set("submitted", Milliseconds(arrival.submitted));
  object.Set("preprocess", arrival.preprocess);
  if (!lends) return object;
  if (arrival.pixels) {
    uint32_t lease = 0;
    object.Set("pixels",
               Lend(arrival.pixels, arrival.pixels->data(),
                    Pixels::BytesFor(nv12::EvenSize(arrival.width), nv12::EvenSize(arrival.height)), &lease));
    object.Set("lease", lease);
    place.arrival.pixels.reset();
  }
  if (ShowsInput()) {
    const nv12::Target& target = place.input->target();
    uint32_t lease = 0;
    auto buffer = Lend(place.input, target.luma, Pixels::BytesFor(target.width, target.height), &lease);
    object.Set("input", buffer);
    inputs_[static_cast<size_t>(slot)] = Napi::Persistent(buffer);
  }
  return object;
}

Napi::ArrayBuffer Session::Lend(std::shared_ptr<const void> owner, uint8_t* data, size_t size,
                                uint32_t* key) {
  const auto lease = std::make_shared<Lease>(Lease{std::move(owner), data});
  *key = next_lease_++;
  leases_[*key] = lease;
  const std::weak_ptr<Session> session = weak_from_this();
  return Napi::ArrayBuffer::New(env_, data, size, [lease, session, number = *key](Napi::Env, void*) {
    if (const auto home = session.lock()) home->leases_.erase(number);
  });
}

/** giveBack(lease, buffer): the buffer has length 0 from now on. */
void Session::GiveBack(const Napi::CallbackInfo& info) {
  const auto found = leases_.find(ReadIndex(info, 0, "the number of a lease"));
  const auto lease = found == leases_.end() ? nullptr : found->second.lock();
  if (!lease || !info[1].IsArrayBuffer()) return;
  auto buffer = info[1].As<Napi::ArrayBuffer>();
  if (buffer.IsDetached() || buffer.Data() != lease->data) return;
  leases_.erase(found);
  buffer.Detach();
  lease->owner.reset();
}

void Session::Release(const Napi::CallbackInfo& info) {
  const uint32_t slot = ReadIndex(info, 0, "the number of a slot");
  if (!table_) return;
  if (slot >= lent_.size() || lent_[slot] == Loan::kNone) {
    arguments::Fail(info.Env(), "a slot that is lent", "slot " + std::to_string(slot));
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

/** attach(camera, queue): the number of its feed */
Napi::Value Session::Attach(const Napi::CallbackInfo& info) {
  const auto camera = Camera::Find(ReadIndex(info, 0, "the number of a camera"));
  const uint32_t queue = info[1].IsUndefined() ? 1 : ReadIndex(info, 1, kExpectedQueue);
  if (queue < 1 || queue > kMostWaiting) arguments::Fail(info.Env(), kExpectedQueue, std::to_string(queue));
  if (!table_) arguments::Fail(info.Env(), "an open engine", "a closed one");
  if (!camera) arguments::Fail(info.Env(), "a camera that is open", "one that is closed");
  for (const auto& [number, attached] : attached_) {
    if (attached.camera == camera)
      arguments::Fail(info.Env(), "a camera that is not attached", "one that is");
  }
  std::shared_ptr<Feed> feed;
  try {
    feed = MakeFeed(static_cast<int>(queue), next_feed_, camera->tally());
  } catch (const Failure& failure) {
    Throw(info.Env(), failure);
  }
  if (!camera->Use(feed)) {
    feed->Detach();
    arguments::Fail(info.Env(), "a camera that is not attached", "one that is attached to another engine");
  }
  const uint32_t number = next_feed_++;
  attached_[number] = {camera, feed};
  return Napi::Number::New(info.Env(), number);
}

/** detach(feed): how many of its frames were ever given a slot */
Napi::Value Session::Detach(const Napi::CallbackInfo& info) {
  const auto found = attached_.find(ReadIndex(info, 0, "the number of a feed"));
  if (found == attached_.end()) arguments::Fail(info.Env(), "a camera that is attached", "another");
  const Attached attached = found->second;
  attached_.erase(found);
  attached.camera->Leave(attached.feed);
  return Napi::Number::New(info.Env(), static_cast<double>(attached.feed->Detach()));
}

void Session::DetachAll() {
  for (const auto& [number, attached] : attached_) {
    attached.camera->Leave(attached.feed);
    attached.feed->Detach();
  }
  attached_.clear();
}

void Session::Close(Ending ending) {
  if (!table_) return;
  DetachAll();
  End(ending);
  for (auto& input : inputs_) {
    if (!input.IsEmpty() && !input.Value().IsDetached()) input.Value().Detach();
    input.Reset();
  }
  table_.reset();
  events_.Release();
}

/** The environment goes away (process.exit, a worker ends): no more JavaScript, but threads and memory must
 * go. */
void Session::Abandon(void* data) {
  auto* session = static_cast<Session*>(data);
  if (!session->table_) return;
  session->DetachAll();
  session->End(Ending::kAbandoned);
  session->frames_.clear();
  session->inputs_.clear();
  session->table_.reset();
  session->events_.Release();
}

}  // namespace camera
