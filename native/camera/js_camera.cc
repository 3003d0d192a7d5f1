#include "camera/js_camera.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "arguments.h"
#include "camera/js_values.h"

namespace camera {
namespace {

/** One day in milliseconds. */
constexpr double kLongestPeriod = 86'400'000;

/** A message that owns its memory. */
struct OwnedMessage {
  std::string frame_id;
  std::string encoding;
  std::vector<uint8_t> data;
  Message message;

  /** The message, viewing the fields above. */
  Message View() const {
    Message view = message;
    view.frame_id = frame_id;
    view.encoding = encoding;
    view.data = data.data();
    view.size = data.size();
    return view;
  }
};

/** Reads an InjectedMessage (src/native/camera.ts); copies its bytes. */
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

/**
 * A camera whose messages come from JavaScript or from its own thread. Takes the same path as a real camera,
 * but without ROS.
 */
class JsInjectedCamera : public std::enable_shared_from_this<JsInjectedCamera> {
 public:
  explicit JsInjectedCamera(Napi::Env env) : env_(env) {
    hooked_ = napi_add_env_cleanup_hook(env_, OnEnvironmentExit, this) == napi_ok;
  }
  ~JsInjectedCamera() {
    if (hooked_) napi_remove_env_cleanup_hook(env_, OnEnvironmentExit, this);
    Stop();
  }

  Napi::Object ToObject() {
    Napi::Object object = Napi::Object::New(env_);
    AddCameraMethods(env_, camera_, object);
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
  static void OnEnvironmentExit(void* self) { static_cast<JsInjectedCamera*>(self)->Stop(); }

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

  /** Stops at once, however long the period is. */
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

}  // namespace

void AddCameraMethods(Napi::Env env, const std::shared_ptr<Camera>& camera, Napi::Object object) {
  object.Set("id", static_cast<double>(camera->id()));
  // Also works after close(): counters can still be read, and every other method does nothing.
  const std::weak_ptr<Camera> weak = camera;
  const std::shared_ptr<SharedCounters> counters = camera->counters();
  object.Set("setMinPeriod", Napi::Function::New(env, [weak](const Napi::CallbackInfo& info) {
               const std::chrono::duration<double, std::milli> period(
                   ReadNumber(info[0], "milliseconds for the period", 0, kLongestPeriod, false));
               if (const auto open = weak.lock())
                 open->SetMinPeriod(std::chrono::duration_cast<Pace::Clock::duration>(period));
             }));
  object.Set("setKeepPixels", Napi::Function::New(env, [weak](const Napi::CallbackInfo& info) {
               const bool keep = info[0].ToBoolean();
               if (const auto open = weak.lock()) open->SetKeepPixels(keep);
             }));
  object.Set("setReading", Napi::Function::New(env, [weak](const Napi::CallbackInfo& info) {
               const ImageReading reading = ReadReading(info[0]);
               if (const auto open = weak.lock()) open->SetReading(reading);
             }));
  object.Set("setRegion", Napi::Function::New(env, [weak](const Napi::CallbackInfo& info) {
               const std::optional<Region> region = ReadRegion(info[0]);
               if (const auto open = weak.lock()) open->SetRegion(region);
             }));
  object.Set("takeStamps", Napi::Function::New(env, [weak](const Napi::CallbackInfo& info) {
               const auto open = weak.lock();
               const std::vector<double> stamps = open ? open->stamps().Take() : std::vector<double>();
               auto array = Napi::Float64Array::New(info.Env(), stamps.size());
               std::copy(stamps.begin(), stamps.end(), array.Data());
               return array;
             }));
  object.Set("counters", Napi::Function::New(env, [counters](const Napi::CallbackInfo& info) {
               return ToObject(info.Env(), counters->Read());
             }));
}

Napi::Object OpenInjectedCamera(Napi::Env env) { return std::make_shared<JsInjectedCamera>(env)->ToObject(); }

}  // namespace camera
