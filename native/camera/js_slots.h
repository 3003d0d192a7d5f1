#pragma once

#include <napi.h>

#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "../failure.h"
#include "camera/attachment.h"
#include "camera/camera.h"

namespace camera {

/**
 * The JavaScript face of a SlotTable, a NativeSlots (src/native/camera.ts): submits frames, attaches cameras,
 * and calls `done` once per frame. Everything except Post runs on the JS thread.
 */
class JsSlots : public std::enable_shared_from_this<JsSlots> {
 public:
  /** Result of a frame. Times in milliseconds. */
  struct Result {
    std::optional<Failure> failure;
    double preprocess = 0;
    double inference = 0;
  };

  virtual ~JsSlots();
  JsSlots(const JsSlots&) = delete;
  JsSlots& operator=(const JsSlots&) = delete;

  /** Creates the JavaScript object. Call once, before any frame. */
  Napi::Object Open(Napi::Function done, const char* name);

 protected:
  explicit JsSlots(Napi::Env env) : env_(env) {}

  /** Call once, when the slots exist. `table` is null after Shutdown. */
  void SetTable(std::shared_ptr<SlotTable> table);
  SlotTable* table() const { return table_.get(); }

  /** Derived classes add their members to the object. */
  virtual void AddMembers(Napi::Object object) = 0;
  /**
   * Attaches a camera.
   * @param queue_size frames that may wait, at least 1
   * @throws Failure
   */
  virtual std::shared_ptr<Attachment> MakeAttachment(int queue_size, uint32_t number,
                                                     const std::shared_ptr<SharedCounters>& counters) = 0;
  enum class CloseReason {
    /** JavaScript closed it. */
    kClosed,
    /** It was garbage-collected without close(): buffers that JavaScript still uses stay. */
    kCollected,
    /** The environment ends: JavaScript objects are unusable, and hanging frames are abandoned. */
    kEnvironmentEnds,
  };
  /** Ends threads and frees memory. No Post may follow. */
  virtual void Shutdown(CloseReason reason) = 0;
  /** Called before `done`, to update the slot's buffers in JavaScript. */
  virtual void RefreshBuffers(int /*slot*/) {}
  /** Whether `done` receives the input with a camera's frame as an ArrayBuffer. */
  virtual bool ExposesInput() const { return false; }

  /** Reports a finished slot, from any thread. Once per frame. */
  void Post(int slot, Result&& result) { Post({slot, std::move(result), false}); }
  /** Reports a granted slot, from any thread. */
  void PostGrant(int slot) { Post({slot, {}, true}); }
  /**
   * Uses up a grant for a frame.
   * @returns false when the slot was not granted, or the grant was already used
   */
  bool ConsumeGrant(uint32_t slot);

  /** Keeps the event loop alive until as many calls of Unref. */
  void Ref();
  void Unref();
  Napi::Env env() const { return env_; }
  /** JavaScript owns the slot, and may pass it to run(). */
  void MarkGranted(int slot) { lent_[static_cast<size_t>(slot)] = Loan::kGrant; }
  /** Keeps the bytes of a submitted frame from being garbage-collected until its slot is finished. */
  void PinFrame(int slot, Napi::ObjectReference&& bytes);

 private:
  struct Event {
    int slot = 0;
    Result result;
    bool granted = false;
  };
  void Post(Event posted);
  /** Keeps this object alive until the last event is delivered. */
  using Context = std::shared_ptr<JsSlots>;
  static void OnEvent(Napi::Env env, Napi::Function done, Context* context, Event* event);
  using Events = Napi::TypedThreadSafeFunction<Context, Event, OnEvent>;

  /** Memory lent to JavaScript, until endLease() or garbage collection. */
  struct Lease {
    std::shared_ptr<const void> owner;
    const void* data;
  };

  /** What JavaScript holds of a slot. */
  enum class Loan : uint8_t { kNone, kGrant, kResult };

  Napi::Object ToObject();
  void Deliver(Napi::Env env, Napi::Function done, Event& event, bool lends);
  void DeliverFailure(Napi::Env env, Napi::Function done, Event& event, const Napi::Error& error);
  Napi::Value ToObject(int slot, SlotTable::SlotState& state, bool lends);
  Napi::ArrayBuffer LeaseBuffer(std::shared_ptr<const void> owner, uint8_t* data, size_t size, uint32_t* key);
  void EndLease(const Napi::CallbackInfo& info);
  void Release(const Napi::CallbackInfo& info);
  Napi::Value Attach(const Napi::CallbackInfo& info);
  Napi::Value Detach(const Napi::CallbackInfo& info);
  void Close(CloseReason reason);
  static void OnEnvironmentExit(void* data);
  void DetachAll();

  const Napi::Env env_;
  std::shared_ptr<SlotTable> table_;
  std::vector<Event> events_of_slots_;
  /** Buffers of submitted frames in flight, by slot. */
  std::vector<Napi::ObjectReference> frames_;
  /** What JavaScript has received and not released, by slot. */
  std::vector<Loan> lent_;
  /** Model inputs that JavaScript has views of, by slot. */
  std::vector<Napi::Reference<Napi::ArrayBuffer>> inputs_;
  struct Attached {
    std::shared_ptr<Camera> camera;
    std::shared_ptr<Attachment> attachment;
  };
  std::map<uint32_t, Attached> attached_;
  uint32_t next_attachment_ = 1;
  std::map<uint32_t, std::weak_ptr<Lease>> leases_;
  uint32_t next_lease_ = 1;
  Events events_;
  int refs_ = 0;
  bool opened_ = false;
};

}  // namespace camera
