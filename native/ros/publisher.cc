#include "ros/publisher.h"

#include <chrono>
#include <cstring>
#include <optional>
#include <stdexcept>

#include "ros/layout.h"
#include "ros/mapped_file.h"

#ifdef TROS_YOLO_SEG_HBM
#include "hbm_img_msgs/msg/hbm_msg1080_p.hpp"
#include "hbm_img_msgs/msg/hbm_msg480_p.hpp"
#include "hbm_img_msgs/msg/hbm_msg540_p.hpp"
#endif

namespace ros {

#ifdef TROS_YOLO_SEG_HBM
namespace {

constexpr char kEncoding[] = "nv12";

uint8_t* CopyRows(const uint8_t* from, size_t stride, int rows, size_t row, uint8_t* to) {
  if (stride == row) {
    const size_t bytes = row * static_cast<size_t>(rows);
    std::memcpy(to, from, bytes);
    return to + bytes;
  }
  for (int y = 0; y < rows; y++, from += stride, to += row) std::memcpy(to, from, row);
  return to;
}

template <typename HbmMessage>
class Publisher final : public ImagePublisher {
 public:
  explicit Publisher(const PublisherOptions& options) : participant_(options.identity) {
    CheckHbmLayout<HbmMessage, HbmMessage::MAX_SIZE>();
    rclcpp::QoS qos(options.depth);
    if (!options.reliable) qos.best_effort();
    rclcpp::PublisherOptions publisher_options;
    publisher_options.use_intra_process_comm = rclcpp::IntraProcessSetting::Disable;
    publisher_ = participant_.node().create_publisher<HbmMessage>(options.topic, qos, publisher_options);
    loans_ = publisher_->can_loan_messages();
    if (!loans_) {
      own_ = std::make_unique<HbmMessage>();
      return;
    }
    if (const auto loan = Borrow(&refusal_)) shared_ = IsSharedMemory(loan->get().data.data());
    PrefaultAll(options.depth + 1);
  }

  size_t capacity() const override { return sizeof(HbmMessage::data); }
  bool loans() const override { return loans_; }
  bool shared() const override { return shared_; }
  const std::string& refusal() const override { return refusal_; }
  size_t subscriptions() const override { return publisher_->get_subscription_count(); }
  bool delivered() const override { return publisher_->wait_for_all_acked(std::chrono::nanoseconds(0)); }

  bool Publish(const PublishedFrame& frame) override {
    if (!loans_) {
      Fill(frame, *own_);
      publisher_->publish(*own_);
      return true;
    }
    auto loan = Borrow(nullptr);
    if (!loan) return false;
    Fill(frame, loan->get());
    publisher_->publish(std::move(*loan));
    return true;
  }

 private:
  using Loan = rclcpp::LoanedMessage<HbmMessage>;

  /** @param why receives the reason when borrowing fails; may be null */
  std::optional<Loan> Borrow(std::string* why) {
    try {
      return publisher_->borrow_loaned_message();
    } catch (const std::exception& error) {
      // rmw does not distinguish kinds of failure. The temporary one is that all messages are in use.
      if (why) *why = error.what();
      return std::nullopt;
    }
  }

  /**
   * Touches all messages once, so that the kernel maps their pages now. Otherwise the first use of each 6 MB
   * message would take 2 ms longer.
   */
  void PrefaultAll(size_t count) {
    std::vector<Loan> loans;
    loans.reserve(count);
    while (loans.size() < count) {
      auto loan = Borrow(nullptr);
      if (!loan) break;
      loan->get().data.fill(0);
      loans.push_back(std::move(*loan));
    }
  }

  /** Writes everything except the bytes behind the pixels. Borrowed memory contains old data. */
  static void Fill(const PublishedFrame& frame, HbmMessage& message) {
    const nv12::Source& picture = frame.picture;
    const auto width = static_cast<size_t>(picture.width);
    const auto height = static_cast<size_t>(picture.height);
    message.index = frame.index;
    message.time_stamp.sec = frame.sec;
    message.time_stamp.nanosec = frame.nanosec;
    message.height = static_cast<uint32_t>(height);
    message.width = static_cast<uint32_t>(width);
    message.data_size = static_cast<uint32_t>(width * height * 3 / 2);
    message.step = static_cast<uint32_t>(width);
    message.encoding.fill(0);
    std::memcpy(message.encoding.data(), kEncoding, sizeof kEncoding);
    uint8_t* const chroma =
        CopyRows(picture.luma, picture.luma_stride, picture.height, width, message.data.data());
    CopyRows(picture.chroma, picture.chroma_stride, picture.height / 2, width, chroma);
  }

  Participant participant_;
  std::shared_ptr<rclcpp::Publisher<HbmMessage>> publisher_;
  bool loans_ = false;
  bool shared_ = false;
  std::string refusal_;
  /** For middleware that does not lend messages. It is large, so there is only one. */
  std::unique_ptr<HbmMessage> own_;
};

template <typename HbmMessage>
std::unique_ptr<ImagePublisher> Make(const PublisherOptions& options) {
  return std::make_unique<Publisher<HbmMessage>>(options);
}

struct Kind {
  const char* name;
  std::unique_ptr<ImagePublisher> (*make)(const PublisherOptions&);
};

constexpr Kind kKinds[] = {
    {"hbm_img_msgs/msg/HbmMsg480P", Make<hbm_img_msgs::msg::HbmMsg480P>},
    {"hbm_img_msgs/msg/HbmMsg540P", Make<hbm_img_msgs::msg::HbmMsg540P>},
    {"hbm_img_msgs/msg/HbmMsg1080P", Make<hbm_img_msgs::msg::HbmMsg1080P>},
};

}  // namespace
#endif

std::vector<std::string> ImagePublisher::Messages() {
  std::vector<std::string> messages;
#ifdef TROS_YOLO_SEG_HBM
  for (const Kind& kind : kKinds) messages.emplace_back(kind.name);
#endif
  return messages;
}

std::unique_ptr<ImagePublisher> ImagePublisher::Open(const PublisherOptions& options) {
#ifdef TROS_YOLO_SEG_HBM
  for (const Kind& kind : kKinds) {
    if (options.message == kind.name) return kind.make(options);
  }
#endif
  throw std::invalid_argument("no publisher of " + options.message + " was built");
}

}  // namespace ros
