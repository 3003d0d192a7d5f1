#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "nv12/picture.h"
#include "ros/participant.h"

namespace ros {

struct PublisherOptions {
  NodeIdentity identity;
  /** hbm_img_msgs/msg/HbmMsg1080P, one of ImagePublisher::Messages(). */
  std::string message;
  /** Absolute. */
  std::string topic;
  bool reliable = false;
  /** Depth of the keep-last history. */
  size_t depth = 5;
};

struct PublishedFrame {
  nv12::Source picture;
  int32_t sec;
  uint32_t nanosec;
  /** The publisher's counter. */
  int32_t index;
};

/**
 * Publishes frames as HbmMsg, as TROS's cameras do. If the middleware lends messages, the pixels are written
 * once, directly into a loaned message, which is in shared memory if the middleware uses it.
 */
class ImagePublisher {
 public:
  /** Message types supported by this build. */
  static std::vector<std::string> Messages();

  /** @throws std::exception of rclcpp; std::invalid_argument for a message that is not among Messages() */
  static std::unique_ptr<ImagePublisher> Open(const PublisherOptions& options);

  virtual ~ImagePublisher() = default;

  /** Capacity of a message in bytes of pixels. */
  virtual size_t capacity() const = 0;
  /** Whether the middleware lends messages; otherwise it copies them. */
  virtual bool loans() const = 0;
  /** Whether loaned messages are in shared memory, as observed when the publisher was opened. */
  virtual bool shared() const = 0;
  /**
   * Why borrowing failed when the publisher was opened, although the middleware lends messages; empty if it
   * succeeded.
   */
  virtual const std::string& refusal() const = 0;

  /**
   * Copies the picture, of at most capacity() bytes, into a message and publishes it.
   * @returns false when the middleware has no message to lend, because subscribers hold all of them. The
   *   frame is lost
   * @throws std::exception of rclcpp
   */
  virtual bool Publish(const PublishedFrame& frame) = 0;

  virtual size_t subscriptions() const = 0;
  /** Whether all reliable subscriptions have acknowledged everything. */
  virtual bool delivered() const = 0;
};

}  // namespace ros
