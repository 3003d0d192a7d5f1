#pragma once

#include <atomic>
#include <cstddef>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "camera/camera.h"
#include "ros/handover.h"
#include "ros/participant.h"

namespace ros {

struct SubscriberQos {
  bool reliable = false;
  bool transient_local = false;
  bool keep_all = false;
  /** Depth of the keep-last history. */
  size_t depth = 5;
};

struct SubscriberOptions {
  /** Absolute. */
  std::string topic;
  /** hbm_img_msgs/msg/HbmMsg1080P ..., one of Subscriber::Messages(). */
  std::string message;
  SubscriberQos qos;
};

/**
 * Takes a topic's messages for a camera on its own thread: in place if the middleware lends them, else
 * through one reused message.
 *
 * Loaned messages are returned right after the letterbox. Fast DDS data sharing requires this: a publisher
 * blocks while all samples of its pool are used and none has been taken, and after the first take it may
 * overwrite samples that are still held.
 */
class Subscriber {
 public:
  /** Message types supported by this build. */
  static std::vector<std::string> Messages();

  /** @throws std::exception of rclcpp; std::invalid_argument for a message that is not among Messages() */
  Subscriber(std::shared_ptr<Participant> participant, const SubscriberOptions& options,
             std::shared_ptr<camera::Camera> camera);
  ~Subscriber();
  Subscriber(const Subscriber&) = delete;
  Subscriber& operator=(const Subscriber&) = delete;

  /**
   * Creates a new subscription. The former one delivers messages until the new one does; each message is
   * taken once.
   * @throws std::exception of rclcpp; the present subscription then stays
   */
  void Renew(const SubscriberQos& qos, bool several);
  /** Ends the former subscription, even if the new one has delivered nothing yet. */
  void EndHandover();
  /**
   * Starts delivering messages to the camera, including those that waited in the middleware. Idempotent.
   * @throws std::system_error when no thread can be created
   */
  void Start();

  /** Whether the middleware lends messages. */
  bool can_loan() const { return can_loan_; }
  /** Whether the last message was read from its publisher's shared memory; unset before the first message. */
  std::optional<bool> shared() const;
  size_t publishers() const;

 private:
  struct Kind;
  /** One for each message type. */
  static const std::vector<Kind>& Kinds();
  rclcpp::SubscriptionBase::SharedPtr Open(const SubscriberQos& qos);
  template <typename ImageMessage>
  rclcpp::SubscriptionBase::SharedPtr Subscribe(const SubscriberQos& options, unsigned generation);
  template <typename ImageMessage>
  void Take(const ImageMessage& message, unsigned generation);
  bool Admit(const camera::Message& message, unsigned generation);
  void CloseFormer();
  void CheckSharedMemory(const void* pixels);
  void Run();
  void StopThread();
  void CountFailure(const std::exception_ptr& error);

  const std::shared_ptr<Participant> participant_;
  const std::string topic_;
  const std::string message_;
  const std::shared_ptr<camera::Camera> camera_;
  rclcpp::CallbackGroup::SharedPtr group_;
  /** Guards the members below, which are used on both threads. */
  mutable std::mutex mutex_;
  rclcpp::SubscriptionBase::SharedPtr subscription_;
  rclcpp::SubscriptionBase::SharedPtr former_;
  std::optional<Handover> handover_;
  /** Number of the current subscription; older numbers belong to former ones. */
  unsigned generation_ = 0;

  std::unique_ptr<rclcpp::executors::SingleThreadedExecutor> executor_;
  bool can_loan_ = false;

  enum class Shared { kUnknown, kNo, kYes };
  std::atomic<Shared> shared_{Shared::kUnknown};
  /** Addresses of recent messages, because a lookup takes 0.1 ms. Used by the thread only. */
  struct KnownAddress {
    const void* address;
    bool shared;
  };
  std::vector<KnownAddress> known_addresses_;
  int since_recheck_ = 0;

  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace ros
