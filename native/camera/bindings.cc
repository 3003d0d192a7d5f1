#include "camera/bindings.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <condition_variable>
#include <mutex>
#include <new>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "arguments.h"
#include "camera/image_bindings.h"
#include "camera/session.h"

namespace camera {
namespace {

constexpr int kMostSlots = 32;
/** A day, in milliseconds. */
constexpr double kLongestPeriod = 86'400'000;

double ReadNumber(Napi::Value value, const char* expected, double min, double max, bool whole = true) {
  const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : std::nan("");
  if (!(number >= min && number <= max) || (whole && number != std::floor(number))) {
    arguments::Fail(value.Env(), expected, std::to_string(number));
  }
  return number;
}

Napi::Object ToObject(Napi::Env env, const Counters& counters) {
  Napi::Object object = Napi::Object::New(env);
  const auto add = [&](const char* name, uint64_t value) { object.Set(name, static_cast<double>(value)); };
  add("received", counters.received);
  add("skipped", counters.skipped);
  add("dropped", counters.dropped);
  add("failed", counters.failed);
  add("discarded", counters.discarded);
  add("submitted", counters.submitted);
  add("converted", counters.converted);
  add("pixelCopies", counters.pixel_copies);
  add("pixelsMissed", counters.pixels_missed);
  add("bytesRead", counters.bytes_read);
  add("bytesWritten", counters.bytes_written);
  object.Set("slowest", counters.slowest);
  const auto tell = [&](const char* name, const std::optional<Failure>& failure) {
    object.Set(name, failure ? camera::ToObject(env, *failure) : env.Null());
  };
  tell("lastFailure", counters.last_failure);
  tell("warning", counters.warning);
  return object;
}

/** A message whose memory is its own. */
struct OwnedMessage {
  std::string frame_id;
  std::string encoding;
  std::vector<uint8_t> data;
  Message message;

  /** The message with its views on the fields above. */
  Message View() const {
    Message view = message;
    view.frame_id = frame_id;
    view.encoding = encoding;
    view.data = data.data();
    view.size = data.size();
    return view;
  }
};

/** InjectedMessage of src/native/camera.ts; its bytes are copied. */
OwnedMessage ReadMessage(Napi::Value value) {
  if (!value.IsObject()) arguments::Fail(value.Env(), "an object for the message", "another type");
  const auto object = value.As<Napi::Object>();
  OwnedMessage owned;
  Message& message = owned.message;
  const auto number = [&](const char* key, double min, double max) {
    return ReadNumber(object.Get(key), key, min, max);
  };
  message.sec = static_cast<int32_t>(number("sec", -2147483648.0, 2147483647.0));
  message.nanosec = static_cast<uint32_t>(number("nanosec", 0, 4294967295.0));
  message.index = static_cast<int64_t>(number("index", -1, 2147483647.0));
  const Napi::Value frame_id = object.Get("frameId");
  message.has_frame_id = frame_id.IsString();
  if (message.has_frame_id) owned.frame_id = frame_id.As<Napi::String>().Utf8Value();
  const ImageArgument image = ReadImage(value);
  owned.encoding = image.encoding;
  const Message shown = image.View();
  message.width = shown.width;
  message.height = shown.height;
  message.step = shown.step;
  message.big_endian = shown.big_endian;
  message.exact = shown.exact;
  owned.data.assign(shown.data, shown.data + shown.size);
  return owned;
}

/** A camera whose messages come from JavaScript or from a thread of its own: the way of a real one, without
 * ROS. */
class Injected : public std::enable_shared_from_this<Injected> {
 public:
  explicit Injected(Napi::Env env) : env_(env) {
    hooked_ = napi_add_env_cleanup_hook(env_, Abandon, this) == napi_ok;
  }
  ~Injected() {
    if (hooked_) napi_remove_env_cleanup_hook(env_, Abandon, this);
    Stop();
  }

  Napi::Object ToObject() {
    Napi::Object object = Napi::Object::New(env_);
    Describe(env_, camera_, object);
    const auto self = shared_from_this();
    object.Set("offer", Napi::Function::New(env_, [self](const Napi::CallbackInfo& info) {
                 const OwnedMessage message = ReadMessage(info[0]);
                 if (self->camera_) self->camera_->Offer(message.View());
               }));
    object.Set("play", Napi::Function::New(env_, [self](const Napi::CallbackInfo& info) {
                 OwnedMessage message = ReadMessage(info[0]);
                 const double period = ReadNumber(info[1], "milliseconds for the period", 0, 60000, false);
                 const double count = ReadNumber(info[2], "a number of frames", 0, 4294967295.0);
                 self->Stop();
                 if (self->camera_) self->Play(std::move(message), period, static_cast<uint64_t>(count));
               }));
    object.Set("step", Napi::Function::New(env_, [self](const Napi::CallbackInfo& info) {
                 OwnedMessage message = ReadMessage(info[0]);
                 const double count = ReadNumber(info[1], "a number of frames", 0, 4294967295.0);
                 self->Stop();
                 if (!self->camera_) return;
                 self->Play(std::move(message), 0, static_cast<uint64_t>(count));
                 self->thread_.join();
               }));
    object.Set("close", Napi::Function::New(env_, [self](const Napi::CallbackInfo&) { self->Close(); }));
    return object;
  }

 private:
  static void Abandon(void* self) { static_cast<Injected*>(self)->Stop(); }

  void Play(OwnedMessage message, double period, uint64_t count) {
    stop_ = false;
    auto run = [this, camera = camera_, message = std::move(message), period, count]() mutable {
      auto next = Clock::now();
      for (uint64_t i = 0; i < count && !stop_; i++) {
        camera->Offer(message.View());
        if (message.message.index >= 0) message.message.index++;
        if (period == 0) continue;
        next +=
            std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double, std::milli>(period));
        std::unique_lock<std::mutex> lock(mutex_);
        stopped_.wait_until(lock, next, [this] { return stop_.load(); });
      }
    };
    try {
      thread_ = std::thread(std::move(run));
    } catch (const std::system_error& error) {
      Throw(env_, {"a thread for the camera", error.what(), "Close other programs."});
    }
  }

  void Close() {
    Stop();
    if (camera_) camera_->Close();
    camera_.reset();
  }

  /** At once, however long the period is. */
  void Stop() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      stop_ = true;
    }
    stopped_.notify_all();
    if (thread_.joinable()) thread_.join();
  }

  const Napi::Env env_;
  bool hooked_ = false;
  std::shared_ptr<Camera> camera_ = Camera::Create();
  std::atomic<bool> stop_{false};
  std::mutex mutex_;
  std::condition_variable stopped_;
  std::thread thread_;
};

/** An input in ordinary memory, packed. */
class PlainInput : public Input {
 public:
  PlainInput(int width, int height) : pixels_(Pixels::BytesFor(width, height)) {
    target_ = pixels_.View(width, height);
  }

 private:
  const Pixels pixels_;
};

/** Slots of an engine that runs elsewhere: it is told of frames that are letterboxed, and has them until it
 * releases the slot. */
class Inbox : public Session {
 public:
  Inbox(Napi::Env env, int slots, int width, int height) : Session(env), width_(width), height_(height) {
    std::vector<std::shared_ptr<Input>> inputs;
    for (int i = 0; i < slots; i++) inputs.push_back(MakeInput());
    slots_ = std::make_shared<SlotTable>(
        std::move(inputs), slots, [this](int slot) { Post(slot, {}); },
        [this](int slot) { PostGrant(slot); });
    Use(slots_);
  }
  ~Inbox() override { End(Ending::kAbandoned); }

 private:
  std::shared_ptr<Input> MakeInput() const { return std::make_shared<PlainInput>(width_, height_); }

  void Describe(Napi::Object) override {}
  std::shared_ptr<Feed> MakeFeed(int queue, uint32_t number, const std::shared_ptr<Tally>& tally) override {
    std::vector<std::shared_ptr<Input>> inputs;
    for (int i = 0; i < queue; i++) inputs.push_back(MakeInput());
    return slots_->Attach(std::move(inputs), number, tally);
  }
  void End(Ending) override {
    if (!slots_) return;
    slots_->Close();
    slots_->FreePlaces();
    slots_.reset();
  }
  bool ShowsInput() const override { return true; }

  const int width_;
  const int height_;
  std::shared_ptr<SlotTable> slots_;
};

}  // namespace

void Describe(Napi::Env env, const std::shared_ptr<Camera>& camera, Napi::Object object) {
  object.Set("id", static_cast<double>(camera->id()));
  // After close, too: counters can be read, and nothing is attached any more.
  const std::weak_ptr<Camera> weak = camera;
  const std::shared_ptr<Tally> tally = camera->tally();
  object.Set("limit", Napi::Function::New(env, [weak](const Napi::CallbackInfo& info) {
               const std::chrono::duration<double, std::milli> period(
                   ReadNumber(info[0], "milliseconds for the period", 0, kLongestPeriod, false));
               if (const auto open = weak.lock())
                 open->Limit(std::chrono::duration_cast<Pace::Clock::duration>(period));
             }));
  object.Set("keepPixels", Napi::Function::New(env, [weak](const Napi::CallbackInfo& info) {
               const bool keep = info[0].ToBoolean();
               if (const auto open = weak.lock()) open->KeepPixels(keep);
             }));
  object.Set("read", Napi::Function::New(env, [weak](const Napi::CallbackInfo& info) {
               const Reading reading = ReadReading(info[0]);
               if (const auto open = weak.lock()) open->Read(reading);
             }));
  object.Set("lookAt", Napi::Function::New(env, [weak](const Napi::CallbackInfo& info) {
               const std::optional<Region> region = ReadRegion(info[0]);
               if (const auto open = weak.lock()) open->LookAt(region);
             }));
  object.Set("takeStamps", Napi::Function::New(env, [weak](const Napi::CallbackInfo& info) {
               const auto open = weak.lock();
               const std::vector<double> stamps = open ? open->stamps().Take() : std::vector<double>();
               auto array = Napi::Float64Array::New(info.Env(), stamps.size());
               std::copy(stamps.begin(), stamps.end(), array.Data());
               return array;
             }));
  object.Set("counters", Napi::Function::New(env, [tally](const Napi::CallbackInfo& info) {
               return ToObject(info.Env(), tally->Read());
             }));
}

Napi::Value InjectBinding(const Napi::CallbackInfo& info) {
  return std::make_shared<Injected>(info.Env())->ToObject();
}

/** openInbox(slots, width, height, done) */
Napi::Value OpenInboxBinding(const Napi::CallbackInfo& info) {
  const auto slots = static_cast<int>(ReadNumber(info[0], "1 to 32 slots", 1, kMostSlots));
  const auto even = [&](size_t index) {
    const double size = ReadNumber(info[index], "an even size from 2 to 16384", 2, nv12::kMaxDimension);
    if (std::fmod(size, 2) != 0) arguments::Fail(info.Env(), "an even size", std::to_string(size));
    return static_cast<int>(size);
  };
  const int width = even(1);
  const int height = even(2);
  if (!info[3].IsFunction()) arguments::Fail(info.Env(), "a function for done", "another type");
  std::shared_ptr<Inbox> inbox;
  try {
    inbox = std::make_shared<Inbox>(info.Env(), slots, width, height);
  } catch (const std::bad_alloc&) {
    Throw(info.Env(), {"memory for " + std::to_string(slots) + " inputs of " + std::to_string(width) + "x" +
                           std::to_string(height),
                       "too little", "Use fewer slots, or close other programs."});
  }
  return inbox->Open(info[3].As<Napi::Function>(), "tros_yolo_seg:inbox");
}

Napi::Value NoCamerasBinding(const Napi::CallbackInfo& info) {
  Napi::Object object = Napi::Object::New(info.Env());
  object.Set("available", false);
  object.Set("reason", "the addon was built without rclcpp");
  return object;
}

/** letterboxContent(sourceWidth, sourceHeight, modelWidth, modelHeight) */
Napi::Value LetterboxContentBinding(const Napi::CallbackInfo& info) {
  int sizes[4];
  for (size_t i = 0; i < 4; i++)
    sizes[i] = static_cast<int>(ReadNumber(info[i], "an integer from 2 to 16384", 2, nv12::kMaxDimension));
  const nv12::Content content = ContentFor(sizes[0], sizes[1], sizes[2], sizes[3]);
  Napi::Object object = Napi::Object::New(info.Env());
  object.Set("left", content.left);
  object.Set("top", content.top);
  object.Set("width", content.width);
  object.Set("height", content.height);
  return object;
}

}  // namespace camera
