#pragma once

#include <napi.h>

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "camera/camera.h"
#include "ros/participant.h"
#include "ros/subscriber.h"

namespace ros {

/** A camera and its subscription. */
struct SubscribedCamera {
  std::shared_ptr<camera::Camera> camera = camera::Camera::Create();
  std::unique_ptr<Subscriber> subscriber;

  void Close() {
    subscriber.reset();
    camera->Close();
  }
};

/** The node of all native subscriptions. Everything runs on the JS thread. */
class CameraNode {
 public:
  /** @throws std::exception of rclcpp, as Participant does */
  CameraNode(Napi::Env env, const NodeIdentity& identity);
  ~CameraNode();
  CameraNode(const CameraNode&) = delete;
  CameraNode& operator=(const CameraNode&) = delete;

  /** /namespace/name */
  std::string FullName() const { return participant_->node().get_fully_qualified_name(); }

  /** The camera takes no messages until Subscriber::Start(). @throws as Subscriber does */
  std::shared_ptr<SubscribedCamera> Subscribe(const SubscriberOptions& options,
                                              const camera::ImageReading& reading);
  /** Publishers of a topic; empty when the node is closed. */
  std::vector<rclcpp::TopicEndpointInfo> Publishers(const std::string& topic) const;

  void Close(const std::shared_ptr<SubscribedCamera>& camera);
  /** Closes the node and its cameras. */
  void Close();

 private:
  static void RegisterExitHandler();
  static void OnEnvironmentExit(void* data);

  const Napi::Env env_;
  bool hooked_ = false;
  std::shared_ptr<Participant> participant_;
  std::set<std::shared_ptr<SubscribedCamera>> cameras_;
};

}  // namespace ros
