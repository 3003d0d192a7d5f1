#pragma once

#include <napi.h>

#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "../failure.h"
#include "camera/camera.h"
#include "camera/slots.h"

namespace camera {

/** { expected, received, hint }: NativeFailure of src/native/bpu.ts. */
Napi::Object ToObject(Napi::Env env, const Failure& failure);

/** Region of src/vision/picture/region.ts. */
Napi::Object ToObject(Napi::Env env, const Region& region);
/** Throws an Error with a property `failure`. */
[[noreturn]] void Throw(Napi::Env env, const Failure& failure);

/**
 * Slots in JavaScript's hands (NativeSlots of src/native/camera.ts): frames that are submitted, cameras that
 * are attached, and one call of `done` for each frame. Everything but Post runs on the JS thread.
 */
class Session : public std::enable_shared_from_this<Session> {
 public:
  /** What came of a frame; milliseconds. */
  struct Result {
    std::optional<Failure> failure;
    double preprocess = 0;
    double inference = 0;
  };

  virtual ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /** Connects to JavaScript; once, before any frame. @returns what JavaScript has of it */
  Napi::Object Open(Napi::Function done, const char* name);

 protected:
  explicit Session(Napi::Env env) : env_(env) {}

  /** Once, when the slots are there; `table` is null from End on. */
  void Use(std::shared_ptr<SlotTable> table);
  SlotTable* table() const { return table_.get(); }

  /** What derived classes add to the object. */
  virtual void Describe(Napi::Object object) = 0;
  /** A place for a camera's frames. @param queue how many may wait, 1 or more @throws Failure */
  virtual std::shared_ptr<Feed> MakeFeed(int queue, uint32_t number, const std::shared_ptr<Tally>& tally) = 0;
  enum class Ending {
    /** JavaScript closed it. */
    kClosed,
    /** Nobody closed it: what JavaScript looks at stays. */
    kForgotten,
    /** The environment ends: JavaScript's objects cannot be used any more, and nothing that hangs is waited
     * for. */
    kAbandoned,
  };
  /** Ends threads and frees memory; nothing is Posted afterwards. */
  virtual void End(Ending ending) = 0;
  /** Before `done` is told of a slot. */
  virtual void Prepare(int /*slot*/) {}
  /** Whether `done` is shown the input that a camera's frame was written to, as an ArrayBuffer. */
  virtual bool ShowsInput() const { return false; }

  /** Tells that a slot is through, from any thread. Once for each frame. */
  void Post(int slot, Result&& result) { Post({slot, std::move(result), false}); }
  /** Tells that a slot is granted, from any thread. */
  void PostGrant(int slot) { Post({slot, {}, true}); }
  /** A frame goes into a slot that was granted. @returns false for one that was not, or was used since */
  bool UseGrant(uint32_t slot);

  /** The environment waits for the frames that are held. */
  void Hold();
  void Drop();
  Napi::Env env() const { return env_; }
  /** JavaScript has the slot, and may give it to run(). */
  void Lent(int slot) { lent_[static_cast<size_t>(slot)] = Loan::kGrant; }
  /** Keeps the bytes of a submitted frame from being collected until its slot is through. */
  void Keep(int slot, Napi::ObjectReference&& bytes);

 private:
  struct Event {
    int slot = 0;
    Result result;
    bool granted = false;
  };
  void Post(Event event);
  /** Keeps the session until the last event was delivered. */
  using Context = std::shared_ptr<Session>;
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
  void Tell(Napi::Env env, Napi::Function done, Event& event, bool lends);
  void TellFailure(Napi::Env env, Napi::Function done, Event& event, const Napi::Error& error);
  Napi::Value Arrived(int slot, SlotTable::Place& place, bool lends);
  Napi::ArrayBuffer Lend(std::shared_ptr<const void> owner, uint8_t* data, size_t size, uint32_t* key);
  void GiveBack(const Napi::CallbackInfo& info);
  void Release(const Napi::CallbackInfo& info);
  Napi::Value Attach(const Napi::CallbackInfo& info);
  Napi::Value Detach(const Napi::CallbackInfo& info);
  void Close(Ending ending);
  static void Abandon(void* data);
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
    std::shared_ptr<Feed> feed;
  };
  std::map<uint32_t, Attached> attached_;
  uint32_t next_feed_ = 1;
  std::map<uint32_t, std::weak_ptr<Lease>> leases_;
  uint32_t next_lease_ = 1;
  Events events_;
  int held_ = 0;
  bool opened_ = false;
};

}  // namespace camera
