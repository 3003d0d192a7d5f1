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
  /** Of keep-last history. */
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
 * Takes a topic's messages for a camera, on a thread of its own: in place where the middleware lends them,
 * else from one message that is used again and again. They are given back as soon as they are letterboxed: a
 * publisher waits while none of its samples is taken and its pool is used up, and from the first take on it
 * may write to a sample again that is still held (data sharing of Fast DDS).
 */
class Subscriber {
 public:
  /** Message types that it was built with. */
  static std::vector<std::string> Messages();

  /** @throws std::exception of rclcpp; std::invalid_argument for a message that is not among Messages() */
  Subscriber(std::shared_ptr<Participant> participant, const SubscriberOptions& options,
             std::shared_ptr<camera::Camera> camera);
  ~Subscriber();
  Subscriber(const Subscriber&) = delete;
  Subscriber& operator=(const Subscriber&) = delete;

  /**
   * Subscribes anew. The former subscription brings messages until the new one does, and each message comes
   * once.
   *
   * @throws std::exception of rclcpp; the present subscription remains then
   */
  void Renew(const SubscriberQos& qos);
  /** Ends the former subscription, whatever the new one has brought. */
  void Settle();
  /** Messages reach the camera from now on; those that came before waited in the middleware. Idempotent.
   * @throws std::system_error when there is no thread to be had */
  void Start();

  /** Whether the middleware lends messages. */
  bool can_loan() const { return can_loan_; }
  /** Whether the last message lay in memory that its publisher had written; unknown before the first. */
  std::optional<bool> shared() const;
  size_t publishers() const;

 private:
  rclcpp::SubscriptionBase::SharedPtr Open(const SubscriberQos& qos);
  template <typename ImageMessage>
  rclcpp::SubscriptionBase::SharedPtr Subscribe(const SubscriberQos& qos, unsigned generation);
  template <typename ImageMessage>
  void Take(const ImageMessage& message, unsigned generation);
  bool Admit(const camera::Message& message, unsigned generation);
  void CheckSharedMemory(const void* pixels);
  void Run();
  void StopThread();
  void CountFailure(const std::exception_ptr& error);

  const std::shared_ptr<Participant> participant_;
  const std::string topic_;
  const std::string message_;
  const std::shared_ptr<camera::Camera> camera_;
  rclcpp::CallbackGroup::SharedPtr group_;
  /** Guards what follows: it is renewed on one thread, and used on the other. */
  mutable std::mutex mutex_;
  rclcpp::SubscriptionBase::SharedPtr subscription_;
  rclcpp::SubscriptionBase::SharedPtr former_;
  std::optional<Handover> handover_;
  /** Of `subscription_`; older ones are the former, or gone. */
  unsigned generation_ = 0;

  std::unique_ptr<rclcpp::executors::SingleThreadedExecutor> executor_;
  bool can_loan_ = false;

  enum class Shared { kUnknown, kNo, kYes };
  std::atomic<Shared> shared_{Shared::kUnknown};
  /** Where messages lay lately: looking it up takes a tenth of a millisecond. Of the thread. */
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
