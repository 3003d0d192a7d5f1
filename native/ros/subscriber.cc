#include "ros/subscriber.h"

#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "../failure.h"
#include "../thread_schedule.h"
#include "ros/layout.h"
#include "ros/log_exceptions.h"
#include "ros/mapped_file.h"
#include "sensor_msgs/msg/image.hpp"

#ifdef TROS_YOLO_SEG_HBM
#include "hbm_img_msgs/msg/hbm_msg1080_p.hpp"
#include "hbm_img_msgs/msg/hbm_msg480_p.hpp"
#include "hbm_img_msgs/msg/hbm_msg540_p.hpp"
#endif

namespace ros {
namespace {

using sensor_msgs::msg::Image;

/** Publishers have fewer messages in shared memory than this. Rechecking once in a while costs nothing. */
constexpr size_t kMaxKnownAddresses = 64;
constexpr int kRecheckInterval = 1000;
constexpr std::chrono::milliseconds kStopCheckInterval{500};

/** Reuses one message for messages that are not loaned; rclcpp would allocate and clear 6 MB for each. */
template <typename ImageMessage>
class SingleMessageStrategy : public rclcpp::message_memory_strategy::MessageMemoryStrategy<ImageMessage> {
 public:
  std::shared_ptr<ImageMessage> borrow_message() override {
    if (!message_) message_ = std::make_shared<ImageMessage>();
    return message_;
  }

 private:
  std::shared_ptr<ImageMessage> message_;
};

template <typename HbmMessage>
camera::Message View(const HbmMessage& message) {
  CheckHbmLayout<HbmMessage, HbmMessage::MAX_SIZE>();
  camera::Message view;
  view.sec = message.time_stamp.sec;
  view.nanosec = message.time_stamp.nanosec;
  view.index = message.index;
  view.width = message.width;
  view.height = message.height;
  view.step = message.step;
  view.encoding = camera::HbmEncoding(message.encoding.data(), message.encoding.size());
  view.data = message.data.data();
  // Publishers report the size of their buffer.
  view.size = std::min<size_t>(message.data_size, message.data.size());
  view.exact = false;
  return view;
}

camera::Message View(const Image& message) {
  CheckPixels<Image>();
  RequireOwnMemory(message.data);
  camera::Message view;
  view.sec = message.header.stamp.sec;
  view.nanosec = message.header.stamp.nanosec;
  view.frame_id = message.header.frame_id;
  view.has_frame_id = true;
  view.width = message.width;
  view.height = message.height;
  view.step = message.step;
  view.encoding = message.encoding;
  view.big_endian = message.is_bigendian != 0;
  view.data = message.data.data();
  view.size = message.data.size();
  return view;
}

}  // namespace

struct Subscriber::Kind {
  const char* name;
  rclcpp::SubscriptionBase::SharedPtr (Subscriber::*subscribe)(const SubscriberQos&, unsigned);
};

const std::vector<Subscriber::Kind>& Subscriber::Kinds() {
  // The rows of src/message/image-messages.ts that are native.
  static const std::vector<Kind> kinds = {
      {"sensor_msgs/msg/Image", &Subscriber::Subscribe<Image>},
#ifdef TROS_YOLO_SEG_HBM
      {"hbm_img_msgs/msg/HbmMsg480P", &Subscriber::Subscribe<hbm_img_msgs::msg::HbmMsg480P>},
      {"hbm_img_msgs/msg/HbmMsg540P", &Subscriber::Subscribe<hbm_img_msgs::msg::HbmMsg540P>},
      {"hbm_img_msgs/msg/HbmMsg1080P", &Subscriber::Subscribe<hbm_img_msgs::msg::HbmMsg1080P>},
#endif
  };
  return kinds;
}

std::vector<std::string> Subscriber::Messages() {
  std::vector<std::string> messages;
  for (const Kind& kind : Kinds()) messages.emplace_back(kind.name);
  return messages;
}

Subscriber::Subscriber(std::shared_ptr<Participant> participant, const SubscriberOptions& options,
                       std::shared_ptr<camera::Camera> camera)
    : participant_(std::move(participant)),
      topic_(options.topic),
      message_(options.message),
      camera_(std::move(camera)) {
  auto& node = participant_->node();
  // Own callback group and executor, so that cameras do not wait for each other's letterbox.
  group_ = node.create_callback_group(rclcpp::CallbackGroupType::MutuallyExclusive, false);
  subscription_ = Open(options.qos);
  can_loan_ = subscription_->can_loan_messages();
  rclcpp::ExecutorOptions executor;
  executor.context = node.get_node_base_interface()->get_context();
  executor_ = std::make_unique<rclcpp::executors::SingleThreadedExecutor>(executor);
  executor_->add_callback_group(group_, node.get_node_base_interface());
  known_addresses_.reserve(kMaxKnownAddresses);
}

void Subscriber::Start() {
  if (!thread_.joinable()) thread_ = std::thread([this] { Run(); });
}

Subscriber::~Subscriber() {
  stop_ = true;
  StopThread();
  LogExceptions("closing a camera", [this] { executor_->remove_callback_group(group_); });
}

void Subscriber::CountFailure(const std::exception_ptr& error) {
  std::string why = "an exception of unknown kind";
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& known) {
    why = known.what();
  } catch (...) {
  }
  camera_->counters()->Update([&](camera::CameraCounters& counters) {
    counters.last_failure = Failure("messages from the middleware", std::move(why), "");
  });
}

void Subscriber::Renew(const SubscriberQos& qos, bool several) {
  // Holds the lock, so that no message of the new subscription is attributed to the former.
  const std::lock_guard<std::mutex> lock(mutex_);
  auto next = Open(qos);
  CloseFormer();  // of a renewal before, whose handover is not over; may throw, so nothing is changed before
  generation_++;
  former_ = std::exchange(subscription_, std::move(next));
  handover_.emplace(several);
}

void Subscriber::EndHandover() {
  const std::lock_guard<std::mutex> lock(mutex_);
  CloseFormer();
  if (handover_) handover_->End();
}

/**
 * Also notifies the executor, which nobody else does. On Jazzy, only then does it look for its subscriptions
 * again (rclcpp 28.1.5, executor.cpp:734), and while one of them is gone, it waits for the others in vain.
 */
void Subscriber::CloseFormer() {
  if (!former_) return;
  former_.reset();
  group_->trigger_notify_guard_condition();
}

std::optional<bool> Subscriber::shared() const {
  const Shared shared = shared_;
  if (shared == Shared::kUnknown) return std::nullopt;
  return shared == Shared::kYes;
}

size_t Subscriber::publishers() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return subscription_->get_publisher_count();
}

rclcpp::SubscriptionBase::SharedPtr Subscriber::Open(const SubscriberQos& qos) {
  const unsigned generation = subscription_ ? generation_ + 1 : generation_;
  for (const Kind& kind : Kinds()) {
    if (message_ == kind.name) return (this->*kind.subscribe)(qos, generation);
  }
  throw std::invalid_argument("no native subscription takes " + message_);
}

template <typename ImageMessage>
rclcpp::SubscriptionBase::SharedPtr Subscriber::Subscribe(const SubscriberQos& options, unsigned generation) {
  rclcpp::QoS qos(options.depth);
  if (options.keep_all) qos.keep_all();
  if (!options.reliable) qos.best_effort();
  if (options.transient_local) qos.transient_local();
  rclcpp::SubscriptionOptions subscription;
  subscription.callback_group = group_;
  subscription.use_intra_process_comm = rclcpp::IntraProcessSetting::Disable;
  return participant_->node().create_subscription<ImageMessage>(
      topic_, qos, [this, generation](const ImageMessage& message) { Take(message, generation); },
      subscription, std::make_shared<SingleMessageStrategy<ImageMessage>>());
}

template <typename ImageMessage>
void Subscriber::Take(const ImageMessage& message, unsigned generation) {
  const camera::Message view = View(message);
  if (!Admit(view, generation)) return;
  camera_->Offer(view);
  CheckSharedMemory(view.data);
}

/** Whether to take the message: false for duplicates during a handover. */
bool Subscriber::Admit(const camera::Message& message, unsigned generation) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const bool by_new = generation == generation_;
  if (!handover_) return by_new;
  // From an even older subscription that was still being executed.
  if (!by_new && generation + 1 != generation_) return false;
  const int64_t stamp = int64_t{message.sec} * 1'000'000'000 + message.nanosec;
  const bool admitted = handover_->Admit(by_new, stamp, Handover::Clock::now());
  if (handover_->over()) CloseFormer();  // the executor keeps a running subscription alive
  return admitted;
}

void Subscriber::CheckSharedMemory(const void* pixels) {
  bool shared = false;
  if (can_loan_) {
    if (++since_recheck_ >= kRecheckInterval || known_addresses_.size() >= kMaxKnownAddresses) {
      since_recheck_ = 0;
      known_addresses_.clear();
    }
    const auto known = std::find_if(known_addresses_.begin(), known_addresses_.end(),
                                    [&](const KnownAddress& known) { return known.address == pixels; });
    if (known != known_addresses_.end()) {
      shared = known->shared;
    } else {
      shared = IsSharedMemory(pixels);
      known_addresses_.push_back({pixels, shared});
    }
  }
  shared_ = shared ? Shared::kYes : Shared::kNo;
}

/** Ends the thread, which may be waiting. */
void Subscriber::StopThread() {
  LogExceptions("waking a camera", [this] { executor_->cancel(); });
  if (!thread_.joinable()) return;  // never started
  LogExceptions("ending the thread of a camera", [this] { thread_.join(); });
}

/**
 * Not executor.spin(), which would lose a cancel() that comes before it. Also checks `stop_` periodically:
 * without that, a failing cancel() would leave the thread waiting forever.
 */
void Subscriber::Run() {
  pthread_setname_np(pthread_self(), "camera");
  ThreadSchedule::Apply("camera");
  while (!stop_) {
    try {
      executor_->spin_once(kStopCheckInterval);
    } catch (...) {
      const auto error = std::current_exception();
      LogExceptions("telling of a camera", [&] { CountFailure(error); });
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
  }
}

}  // namespace ros
