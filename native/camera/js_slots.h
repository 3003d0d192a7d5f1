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
 * Slots in JavaScript's hands (NativeSlots of src/native/camera.ts): frames that are submitted, cameras that
 * are attached, and one call of `done` for each frame. Everything but Post runs on the JS thread.
 */
class JsSlots : public std::enable_shared_from_this<JsSlots> {
 public:
  /** What came of a frame; milliseconds. */
  struct Result {
    std::optional<Failure> failure;
    double preprocess = 0;
    double inference = 0;
  };

  virtual ~JsSlots();
  JsSlots(const JsSlots&) = delete;
  JsSlots& operator=(const JsSlots&) = delete;

  /** Connects to JavaScript; once, before any frame. @returns what JavaScript has of it */
  Napi::Object Open(Napi::Function done, const char* name);

 protected:
  explicit JsSlots(Napi::Env env) : env_(env) {}

  /** Once, when the slots are there; `table` is null from End on. */
  void SetTable(std::shared_ptr<SlotTable> table);
  SlotTable* table() const { return table_.get(); }

  /** What derived classes add to the object. */
  virtual void AddMembers(Napi::Object object) = 0;
  /** A state for a camera's frames. @param queue how many may wait, 1 or more @throws Failure */
  virtual std::shared_ptr<Attachment> MakeAttachment(int queue, uint32_t number,
                                                     const std::shared_ptr<SharedCounters>& counters) = 0;
  enum class CloseReason {
    /** JavaScript closed it. */
    kClosed,
    /** Nobody closed it: what JavaScript looks at stays. */
    kCollected,
    /** The environment ends: JavaScript's objects cannot be used any more, and nothing that hangs is waited
     * for. */
    kEnvironmentEnds,
  };
  /** Ends threads and frees memory; nothing is Posted afterwards. */
  virtual void Shutdown(CloseReason reason) = 0;
  /** Before `done` is told of a slot. */
  virtual void RefreshBuffers(int /*slot*/) {}
  /** Whether `done` is shown the input that a camera's frame was written to, as an ArrayBuffer. */
  virtual bool ExposesInput() const { return false; }

  /** Tells that a slot is through, from any thread. Once for each frame. */
  void Post(int slot, Result&& result) { Post({slot, std::move(result), false}); }
  /** Tells that a slot is granted, from any thread. */
  void PostGrant(int slot) { Post({slot, {}, true}); }
  /** A frame goes into a slot that was granted. @returns false for one that was not, or was used since */
  bool ConsumeGrant(uint32_t slot);

  /** The environment waits for the frames that are held. */
  void Ref();
  void Unref();
  Napi::Env env() const { return env_; }
  /** JavaScript has the slot, and may give it to run(). */
  void MarkGranted(int slot) { lent_[static_cast<size_t>(slot)] = Loan::kGrant; }
  /** Keeps the bytes of a submitted frame from being collected until its slot is through. */
  void PinFrame(int slot, Napi::ObjectReference&& bytes);

 private:
  struct Event {
    int slot = 0;
    Result result;
    bool granted = false;
  };
  void Post(Event event);
  /** Keeps the slots until the last event was delivered. */
  using Context = std::shared_ptr<JsSlots>;
  static void OnEvent(Napi::Env env, Napi::Function done, Context* context, Event* event);
  using Events = Napi::TypedThreadSafeFunction<Context, Event, OnEvent>;

  /** Memory that JavaScript looks at; ends when it is given back or collected. */
  struct Lease {
    std::shared_ptr<const void> owner;
    const void* data;
  };

  /** What JavaScript has of a slot. */
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
  /** The bytes of submitted frames in flight. */
  std::vector<Napi::ObjectReference> frames_;
  /** What JavaScript was told of and has not released, by slot. */
  std::vector<Loan> lent_;
  /** Inputs that JavaScript looks at, by slot. */
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
