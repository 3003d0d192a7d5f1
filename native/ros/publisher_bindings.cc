#include "ros/publisher_bindings.h"

#include <memory>
#include <string>

#include "arguments.h"
#include "ros/options.h"
#include "ros/publisher.h"

namespace ros {
namespace {

PublisherOptions ReadOptions(Napi::Value value) {
  if (!value.IsObject()) arguments::Fail(value.Env(), "an object of options", "another type");
  const auto object = value.As<Napi::Object>();
  PublisherOptions options;
  options.identity = ReadIdentity(object);
  options.message = arguments::ReadText(object, "message");
  options.topic = arguments::ReadText(object, "topic");
  options.reliable = ReadChoice(object, "reliability", "reliable", "best_effort");
  options.depth = static_cast<size_t>(arguments::ReadInteger(object.Get("depth"), "depth", 1, kMostDepth));
  return options;
}

/** An ImagePublisher in JavaScript's hands; all on the JS thread. Node.js finalizes it at process.exit, too:
 * a participant that takes no leave leaves its shared memory behind. */
class Handle {
 public:
  Handle(Napi::Env env, std::unique_ptr<ImagePublisher> publisher)
      : env_(env), publisher_(std::move(publisher)) {}

  ImagePublisher& get() const {
    if (!publisher_) arguments::Fail(env_, "an open publisher", "a closed one");
    return *publisher_;
  }
  void Close() { publisher_.reset(); }

 private:
  Napi::Env env_;
  std::unique_ptr<ImagePublisher> publisher_;
};

/** publish(frame, sec, nanosec, index) */
Napi::Value Publish(const Handle& handle, const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto argument = arguments::ReadNv12(info[0], "frame");
  PublishedFrame frame{};
  frame.sec = static_cast<int32_t>(arguments::ReadInteger(info[1], "sec", INT32_MIN, INT32_MAX));
  frame.nanosec = static_cast<uint32_t>(arguments::ReadInteger(info[2], "nanosec", 0, 999'999'999));
  frame.index = static_cast<int32_t>(arguments::ReadInteger(info[3], "index", INT32_MIN, INT32_MAX));
  frame.picture = arguments::ViewSource(argument);
  ImagePublisher& publisher = handle.get();
  const size_t bytes =
      static_cast<size_t>(frame.picture.width) * static_cast<size_t>(frame.picture.height) * 3 / 2;
  if (bytes > publisher.room()) {
    arguments::Fail(env, "a frame of at most " + std::to_string(publisher.room()) + " bytes",
                    std::to_string(bytes));
  }
  return Guarded(env, [&] { return Napi::Boolean::New(env, publisher.Publish(frame)); });
}

}  // namespace

Napi::Value PublishedMessagesBinding(const Napi::CallbackInfo& info) {
  Napi::Array messages = Napi::Array::New(info.Env());
  for (const std::string& message : ImagePublisher::Messages()) messages.Set(messages.Length(), message);
  return messages;
}

Napi::Value OpenImagePublisherBinding(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const PublisherOptions options = ReadOptions(info[0]);
  const auto handle =
      Guarded(env, [&] { return std::make_shared<Handle>(env, ImagePublisher::Open(options)); });
  Napi::Object object = Napi::Object::New(env);
  object.Set("middleware", Participant::Middleware());
  object.Set("loans", handle->get().loans());
  object.Set("shared", handle->get().shared());
  object.Set("refusal", handle->get().refusal());
  const auto method = [&](const char* name, auto work) {
    object.Set(
        name, Napi::Function::New(
                  env, [handle, work](const Napi::CallbackInfo& call) { return work(*handle, call); }, name));
  };
  method("publish", [](Handle& self, const Napi::CallbackInfo& call) { return Publish(self, call); });
  method("subscriptions", [](Handle& self, const Napi::CallbackInfo& call) -> Napi::Value {
    return Guarded(call.Env(), [&] {
      return Napi::Number::New(call.Env(), static_cast<double>(self.get().subscriptions()));
    });
  });
  method("delivered", [](Handle& self, const Napi::CallbackInfo& call) -> Napi::Value {
    return Guarded(call.Env(), [&] { return Napi::Boolean::New(call.Env(), self.get().delivered()); });
  });
  method("close", [](Handle& self, const Napi::CallbackInfo& call) -> Napi::Value {
    self.Close();
    return call.Env().Undefined();
  });
  return object;
}

}  // namespace ros
