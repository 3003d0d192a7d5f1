#include "ros/camera_bindings.h"

#include <cstdlib>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "arguments.h"
#include "camera/bindings.h"
#include "camera/image_bindings.h"
#include "ros/options.h"
#include "ros/quietly.h"
#include "ros/subscriber.h"

namespace ros {
namespace {

/** One subscription as JavaScript has it. */
struct Handle {
  std::shared_ptr<camera::Camera> camera = camera::Camera::Create();
  std::unique_ptr<Subscriber> subscriber;

  void Close() {
    subscriber.reset();
    camera->Close();
  }
};

/** The node of all native cameras, on the JS thread. */
class CameraNode {
 public:
  CameraNode(Napi::Env env, const Identity& identity)
      : env_(env), participant_(std::make_shared<Participant>(identity)) {
    EndAllAtExit();
    const std::lock_guard<std::mutex> lock(TheAlive().mutex);
    TheAlive().nodes.insert(this);
    // Last: nothing may throw behind it, as the hook would be called for a node that never was.
    hooked_ = napi_add_env_cleanup_hook(env_, Abandon, this) == napi_ok;
  }
  ~CameraNode() {
    {
      const std::lock_guard<std::mutex> lock(TheAlive().mutex);
      TheAlive().nodes.erase(this);
    }
    if (hooked_) napi_remove_env_cleanup_hook(env_, Abandon, this);
    Quietly("closing the node of cameras", [this] { Close(); });
  }
  CameraNode(const CameraNode&) = delete;
  CameraNode& operator=(const CameraNode&) = delete;

  std::string FullName() const { return participant_->node().get_fully_qualified_name(); }

  std::shared_ptr<Handle> Subscribe(const SubscriberOptions& options, const camera::Reading& reading) {
    if (!participant_) arguments::Fail(env_, "an open node", "a closed one");
    auto handle = std::make_shared<Handle>();
    handle->camera->Read(reading);  // before the first message can come
    handle->subscriber = std::make_unique<Subscriber>(participant_, options, handle->camera);
    handles_.insert(handle);
    return handle;
  }

  std::vector<rclcpp::TopicEndpointInfo> Publishers(const std::string& topic) const {
    if (!participant_) return {};
    return participant_->node().get_publishers_info_by_topic(topic);
  }

  void Close(const std::shared_ptr<Handle>& handle) {
    handle->Close();
    handles_.erase(handle);
  }

  void Close() {
    for (const auto& handle : handles_) handle->Close();
    handles_.clear();
    participant_.reset();
  }

 private:
  /** Nodes that are open. Never destroyed: the handler at exit needs them whatever was destroyed before. */
  struct Alive {
    std::mutex mutex;
    std::set<CameraNode*> nodes;
    bool registered = false;
  };
  static Alive& TheAlive() {
    static auto* alive = new Alive;
    return *alive;
  }

  /**
   * process.exit() runs no clean-up hooks of Node, but destructors of the middleware, which must not happen
   * under running threads; and a participant that does not take leave leaves shared memory behind. Registered
   * after the middleware was started, so that it runs before those.
   */
  static void EndAllAtExit() {
    const std::lock_guard<std::mutex> lock(TheAlive().mutex);
    if (TheAlive().registered) return;
    TheAlive().registered = true;
    std::atexit([] {
      Quietly("closing the nodes of cameras at exit", [] {
        const std::lock_guard<std::mutex> exit_lock(TheAlive().mutex);
        for (CameraNode* node : TheAlive().nodes) node->Close();
      });
    });
  }

  static void Abandon(void* data) {
    auto* node = static_cast<CameraNode*>(data);
    node->hooked_ = false;
    Quietly("closing the node of cameras", [node] { node->Close(); });
  }

  const Napi::Env env_;
  bool hooked_ = false;
  std::shared_ptr<Participant> participant_;
  std::set<std::shared_ptr<Handle>> handles_;
};

/** As rclnodejs has them, with rmw's numbers (RclEndpoint of src/node/ros/rclnodejs.ts). */
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
  qos.depth = static_cast<size_t>(arguments::ReadInteger(object.Get("depth"), "depth", 1, kMostDepth));
  return qos;
}

Napi::Object ToObject(Napi::Env env, const std::shared_ptr<CameraNode>& node,
                      const std::shared_ptr<Handle>& handle) {
  Napi::Object object = Napi::Object::New(env);
  camera::Describe(env, handle->camera, object);
  object.Set("transport", Napi::Function::New(env, [handle](const Napi::CallbackInfo& info) {
               const Napi::Env here = info.Env();
               Napi::Object transport = Napi::Object::New(here);
               if (!handle->subscriber) arguments::Fail(here, "an open camera", "a closed one");
               const Subscriber& subscriber = *handle->subscriber;
               const auto shared = subscriber.shared();
               transport.Set("canLoan", subscriber.can_loan());
               transport.Set("sharedMemory", shared ? Napi::Boolean::New(here, *shared) : here.Undefined());
               transport.Set("publishers",
                             Guarded(here, [&] { return static_cast<double>(subscriber.publishers()); }));
               return transport;
             }));
  object.Set("renew", Napi::Function::New(env, [handle](const Napi::CallbackInfo& info) {
               const SubscriberQos qos = ReadQos(info[0]);
               if (!handle->subscriber) arguments::Fail(info.Env(), "an open camera", "a closed one");
               Guarded(info.Env(), [&] { handle->subscriber->Renew(qos); });
             }));
  object.Set("settle", Napi::Function::New(env, [handle](const Napi::CallbackInfo& info) {
               if (handle->subscriber) Guarded(info.Env(), [&] { handle->subscriber->Settle(); });
             }));
  object.Set("start", Napi::Function::New(env, [handle](const Napi::CallbackInfo& info) {
               if (!handle->subscriber) arguments::Fail(info.Env(), "an open camera", "a closed one");
               Guarded(info.Env(), [&] { handle->subscriber->Start(); });
             }));
  object.Set("close", Napi::Function::New(env, [node, handle](const Napi::CallbackInfo& info) {
               Guarded(info.Env(), [&] { node->Close(handle); });
             }));
  return object;
}

SubscriberOptions ReadOptions(Napi::Value value) {
  if (!value.IsObject()) arguments::Fail(value.Env(), "an object of options", "another type");
  const auto object = value.As<Napi::Object>();
  SubscriberOptions options;
  options.topic = arguments::ReadText(object, "topic");
  options.message = arguments::ReadText(object, "message");
  options.qos = ReadQos(value);
  return options;
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
  const Identity identity = ReadIdentity(info[0].As<Napi::Object>());
  const auto node = Guarded(env, [&] { return std::make_shared<CameraNode>(env, identity); });

  Napi::Object object = Napi::Object::New(env);
  object.Set("fullName", node->FullName());
  object.Set("middleware", Participant::Middleware());
  object.Set("subscribe", Napi::Function::New(env, [node](const Napi::CallbackInfo& call) {
               const SubscriberOptions options = ReadOptions(call[0]);
               const camera::Reading reading = camera::ReadReading(call[0].As<Napi::Object>().Get("reading"));
               return Guarded(call.Env(),
                              [&] { return ToObject(call.Env(), node, node->Subscribe(options, reading)); });
             }));
  object.Set("publishers", Napi::Function::New(env, [node](const Napi::CallbackInfo& call) {
               const std::string topic = call[0].ToString().Utf8Value();
               return Guarded(call.Env(),
                              [&]() -> Napi::Value { return ToArray(call.Env(), node->Publishers(topic)); });
             }));
  object.Set("close", Napi::Function::New(env, [node](const Napi::CallbackInfo& call) {
               Guarded(call.Env(), [&] { node->Close(); });
             }));
  return object;
}

}  // namespace ros
