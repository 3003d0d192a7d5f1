#include "ros/bindings.h"

#include <exception>
#include <memory>
#include <string>
#include <vector>

#include "arguments.h"
#include "camera/js_camera.h"
#include "camera/js_values.h"
#include "ros/camera_node.h"
#include "ros/publisher.h"

namespace ros {
namespace {

constexpr double kMaxDomains = 232;

constexpr double kMaxDepth = 1000;

/** Runs `work`, converting exceptions of rclcpp to JavaScript Errors. */
template <typename Work>
auto RethrowToJs(Napi::Env env, const Work& work) {
  try {
    return work();
  } catch (const Napi::Error&) {
    throw;
  } catch (const std::exception& error) {
    throw Napi::Error::New(env, error.what());
  }
}

/** { name, namespace, domain?, enclave? } */
NodeIdentity ReadNodeIdentity(Napi::Object object) {
  NodeIdentity identity;
  identity.name = arguments::ReadString(object, "name");
  identity.name_space = arguments::ReadString(object, "namespace");
  const Napi::Value domain = object.Get("domain");
  if (!domain.IsUndefined())
    identity.domain = static_cast<size_t>(arguments::ReadInteger(domain, "domain", 0, kMaxDomains));
  if (!object.Get("enclave").IsUndefined()) identity.enclave = arguments::ReadString(object, "enclave");
  return identity;
}

/** Whether a property is `yes`. Throws when it is neither `yes` nor `no`. */
bool ReadChoice(Napi::Object object, const char* key, const char* yes, const char* no) {
  const std::string text = arguments::ReadString(object, key);
  if (text != yes && text != no)
    arguments::Fail(object.Env(), std::string(yes) + " or " + no + " for " + key, text);
  return text == yes;
}

/** In the format of rclnodejs, with rmw's numbers (RclEndpoint in src/node/ros/rclnodejs.ts). */
Napi::Array ToArray(Napi::Env env, const std::vector<rclcpp::TopicEndpointInfo>& publishers) {
  Napi::Array array = Napi::Array::New(env);
  for (const rclcpp::TopicEndpointInfo& publisher : publishers) {
    const rmw_qos_profile_t& profile = publisher.qos_profile().get_rmw_qos_profile();
    Napi::Object qos = Napi::Object::New(env);
    qos.Set("depth", static_cast<double>(profile.depth));
    qos.Set("reliability", static_cast<int>(profile.reliability));
    qos.Set("durability", static_cast<int>(profile.durability));
    Napi::Array gid = Napi::Array::New(env);
    for (const uint8_t byte : publisher.endpoint_gid()) gid.Set(gid.Length(), static_cast<int>(byte));
    Napi::Object endpoint = Napi::Object::New(env);
    endpoint.Set("node_name", publisher.node_name());
    endpoint.Set("node_namespace", publisher.node_namespace());
    endpoint.Set("topic_type", publisher.topic_type());
    endpoint.Set("endpoint_gid", gid);
    endpoint.Set("qos_profile", qos);
    array.Set(array.Length(), endpoint);
  }
  return array;
}

SubscriberQos ReadQos(Napi::Value value) {
  if (!value.IsObject()) arguments::Fail(value.Env(), "an object of options", "another type");
  const auto object = value.As<Napi::Object>();
  SubscriberQos qos;
  qos.reliable = ReadChoice(object, "reliability", "reliable", "best_effort");
  qos.transient_local = ReadChoice(object, "durability", "transient_local", "volatile");
  qos.keep_all =
      !object.Get("history").IsUndefined() && ReadChoice(object, "history", "keep_all", "keep_last");
  qos.depth = static_cast<size_t>(arguments::ReadInteger(object.Get("depth"), "depth", 1, kMaxDepth));
  return qos;
}

Napi::Object ToObject(Napi::Env env, const std::shared_ptr<CameraNode>& node,
                      const std::shared_ptr<SubscribedCamera>& camera) {
  Napi::Object object = Napi::Object::New(env);
  camera::AddCameraMethods(env, camera->camera, object);
  object.Set("transport", Napi::Function::New(env, [camera](const Napi::CallbackInfo& info) {
               const Napi::Env here = info.Env();
               Napi::Object transport = Napi::Object::New(here);
               if (!camera->subscriber) arguments::Fail(here, "an open camera", "a closed one");
               const Subscriber& subscriber = *camera->subscriber;
               const auto shared = subscriber.shared();
               transport.Set("canLoan", subscriber.can_loan());
               transport.Set("sharedMemory", shared ? Napi::Boolean::New(here, *shared) : here.Undefined());
               transport.Set("publishers",
                             RethrowToJs(here, [&] { return static_cast<double>(subscriber.publishers()); }));
               return transport;
             }));
  object.Set("renew", Napi::Function::New(env, [camera](const Napi::CallbackInfo& info) {
               const SubscriberQos qos = ReadQos(info[0]);
               if (!camera->subscriber) arguments::Fail(info.Env(), "an open camera", "a closed one");
               const bool several = info[1].ToBoolean();
               RethrowToJs(info.Env(), [&] { camera->subscriber->Renew(qos, several); });
             }));
  object.Set("endHandover", Napi::Function::New(env, [camera](const Napi::CallbackInfo& info) {
               if (camera->subscriber) RethrowToJs(info.Env(), [&] { camera->subscriber->EndHandover(); });
             }));
  object.Set("start", Napi::Function::New(env, [camera](const Napi::CallbackInfo& info) {
               if (!camera->subscriber) arguments::Fail(info.Env(), "an open camera", "a closed one");
               RethrowToJs(info.Env(), [&] { camera->subscriber->Start(); });
             }));
  object.Set("close", Napi::Function::New(env, [node, camera](const Napi::CallbackInfo& info) {
               RethrowToJs(info.Env(), [&] { node->Close(camera); });
             }));
  return object;
}

SubscriberOptions ReadSubscriberOptions(Napi::Value value) {
  if (!value.IsObject()) arguments::Fail(value.Env(), "an object of options", "another type");
  const auto object = value.As<Napi::Object>();
  SubscriberOptions options;
  options.topic = arguments::ReadString(object, "topic");
  options.message = arguments::ReadString(object, "message");
  options.qos = ReadQos(value);
  return options;
}

PublisherOptions ReadPublisherOptions(Napi::Value value) {
  if (!value.IsObject()) arguments::Fail(value.Env(), "an object of options", "another type");
  const auto object = value.As<Napi::Object>();
  PublisherOptions options;
  options.identity = ReadNodeIdentity(object);
  options.message = arguments::ReadString(object, "message");
  options.topic = arguments::ReadString(object, "topic");
  options.reliable = ReadChoice(object, "reliability", "reliable", "best_effort");
  options.depth = static_cast<size_t>(arguments::ReadInteger(object.Get("depth"), "depth", 1, kMaxDepth));
  return options;
}

/**
 * The JavaScript face of an ImagePublisher; used on the JS thread only. Node.js also finalizes it at
 * process.exit(): a participant that is not shut down leaks its shared memory.
 */
class JsPublisher {
 public:
  JsPublisher(Napi::Env env, std::unique_ptr<ImagePublisher> publisher)
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
Napi::Value Publish(const JsPublisher& handle, const Napi::CallbackInfo& info) {
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
  if (bytes > publisher.capacity()) {
    arguments::Fail(env, "a frame of at most " + std::to_string(publisher.capacity()) + " bytes",
                    std::to_string(bytes));
  }
  return RethrowToJs(env, [&] { return Napi::Boolean::New(env, publisher.Publish(frame)); });
}

}  // namespace

Napi::Value NativeCamerasBinding(const Napi::CallbackInfo& info) {
  Napi::Object object = Napi::Object::New(info.Env());
  Napi::Array messages = Napi::Array::New(info.Env());
  for (const std::string& message : Subscriber::Messages()) messages.Set(messages.Length(), message);
  object.Set("available", true);
  object.Set("messages", messages);
  return object;
}

/** openCameraNode({ name, namespace, domain? }) */
Napi::Value OpenCameraNodeBinding(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!info[0].IsObject()) arguments::Fail(env, "an object of options", "another type");
  const NodeIdentity identity = ReadNodeIdentity(info[0].As<Napi::Object>());
  const auto node = RethrowToJs(env, [&] { return std::make_shared<CameraNode>(env, identity); });

  Napi::Object object = Napi::Object::New(env);
  object.Set("fullName", node->FullName());
  object.Set("middleware", Participant::Middleware());
  object.Set("subscribe", Napi::Function::New(env, [node](const Napi::CallbackInfo& call) {
               const SubscriberOptions options = ReadSubscriberOptions(call[0]);
               const camera::ImageReading reading =
                   camera::ReadReading(call[0].As<Napi::Object>().Get("reading"));
               return RethrowToJs(
                   call.Env(), [&] { return ToObject(call.Env(), node, node->Subscribe(options, reading)); });
             }));
  object.Set("publishers", Napi::Function::New(env, [node](const Napi::CallbackInfo& call) {
               const std::string topic = call[0].ToString().Utf8Value();
               return RethrowToJs(
                   call.Env(), [&]() -> Napi::Value { return ToArray(call.Env(), node->Publishers(topic)); });
             }));
  object.Set("close", Napi::Function::New(env, [node](const Napi::CallbackInfo& call) {
               RethrowToJs(call.Env(), [&] { node->Close(); });
             }));
  return object;
}

Napi::Value PublishedMessagesBinding(const Napi::CallbackInfo& info) {
  Napi::Array messages = Napi::Array::New(info.Env());
  for (const std::string& message : ImagePublisher::Messages()) messages.Set(messages.Length(), message);
  return messages;
}

Napi::Value OpenImagePublisherBinding(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const PublisherOptions options = ReadPublisherOptions(info[0]);
  const auto handle =
      RethrowToJs(env, [&] { return std::make_shared<JsPublisher>(env, ImagePublisher::Open(options)); });
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
  method("publish", [](JsPublisher& self, const Napi::CallbackInfo& call) { return Publish(self, call); });
  method("subscriptions", [](JsPublisher& self, const Napi::CallbackInfo& call) -> Napi::Value {
    return RethrowToJs(call.Env(), [&] {
      return Napi::Number::New(call.Env(), static_cast<double>(self.get().subscriptions()));
    });
  });
  method("delivered", [](JsPublisher& self, const Napi::CallbackInfo& call) -> Napi::Value {
    return RethrowToJs(call.Env(), [&] { return Napi::Boolean::New(call.Env(), self.get().delivered()); });
  });
  method("close", [](JsPublisher& self, const Napi::CallbackInfo& call) -> Napi::Value {
    self.Close();
    return call.Env().Undefined();
  });
  return object;
}

}  // namespace ros
