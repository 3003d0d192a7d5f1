#include "ros/camera_node.h"

#include <cstdlib>
#include <mutex>

#include "arguments.h"
#include "ros/log_exceptions.h"

namespace ros {
namespace {

/** Nodes that are open. */
struct NodeRegistry {
  std::mutex mutex;
  std::set<CameraNode*> nodes;
  bool registered = false;
};

/** Never destroyed: the exit handler may run after static destructors. */
NodeRegistry& OpenNodes() {
  static auto* nodes = new NodeRegistry;
  return *nodes;
}

}  // namespace

CameraNode::CameraNode(Napi::Env env, const NodeIdentity& identity)
    : env_(env), participant_(std::make_shared<Participant>(identity)) {
  RegisterExitHandler();
  const std::lock_guard<std::mutex> lock(OpenNodes().mutex);
  OpenNodes().nodes.insert(this);
  // Last: if anything threw after it, the hook would run for a node that was never constructed.
  hooked_ = napi_add_env_cleanup_hook(env_, OnEnvironmentExit, this) == napi_ok;
}

CameraNode::~CameraNode() {
  {
    const std::lock_guard<std::mutex> lock(OpenNodes().mutex);
    OpenNodes().nodes.erase(this);
  }
  if (hooked_) napi_remove_env_cleanup_hook(env_, OnEnvironmentExit, this);
  LogExceptions("closing the camera node", [this] { Close(); });
}

std::shared_ptr<SubscribedCamera> CameraNode::Subscribe(const SubscriberOptions& options,
                                                        const camera::ImageReading& reading) {
  if (!participant_) arguments::Fail(env_, "an open node", "a closed one");
  auto camera = std::make_shared<SubscribedCamera>();
  camera->camera->SetReading(reading);  // before the first message can come
  camera->subscriber = std::make_unique<Subscriber>(participant_, options, camera->camera);
  cameras_.insert(camera);
  return camera;
}

std::vector<rclcpp::TopicEndpointInfo> CameraNode::Publishers(const std::string& topic) const {
  if (!participant_) return {};
  return participant_->node().get_publishers_info_by_topic(topic);
}

void CameraNode::Close(const std::shared_ptr<SubscribedCamera>& camera) {
  camera->Close();
  cameras_.erase(camera);
}

void CameraNode::Close() {
  for (const auto& camera : cameras_) camera->Close();
  cameras_.clear();
  participant_.reset();
}

/**
 * process.exit() skips Node's cleanup hooks but runs the middleware's static destructors, which crash while
 * our threads still run. A participant that is not shut down also leaks its shared memory. The handler is
 * registered after the middleware has started, so it runs before the middleware's own.
 */
void CameraNode::RegisterExitHandler() {
  const std::lock_guard<std::mutex> lock(OpenNodes().mutex);
  if (OpenNodes().registered) return;
  OpenNodes().registered = true;
  std::atexit([] {
    LogExceptions("closing the camera nodes at exit", [] {
      const std::lock_guard<std::mutex> exit_lock(OpenNodes().mutex);
      for (CameraNode* node : OpenNodes().nodes) node->Close();
    });
  });
}

void CameraNode::OnEnvironmentExit(void* data) {
  auto* node = static_cast<CameraNode*>(data);
  node->hooked_ = false;
  LogExceptions("closing the camera node", [node] { node->Close(); });
}

}  // namespace ros
