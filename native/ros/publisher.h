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
  /** Of keep-last history. */
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
 * Publishes frames as HbmMsg, as TROS's cameras do: into a message that is borrowed from the middleware,
 * where it lends any, so that their pixels are written once, and that to where subscribers read them, if that
 * is shared memory.
 */
class ImagePublisher {
 public:
  /** Message types that it was built with. */
  static std::vector<std::string> Messages();

  /** @throws std::exception of rclcpp; std::invalid_argument for a message that is not among Messages() */
  static std::unique_ptr<ImagePublisher> Open(const PublisherOptions& options);

  virtual ~ImagePublisher() = default;

  /** Bytes of pixels that a message has room for. */
  virtual size_t capacity() const = 0;
  /** Whether messages are borrowed from the middleware, rather than handed to it to be copied. */
  virtual bool loans() const = 0;
  /** Whether borrowed messages lie in shared memory, as was seen when the publisher was opened. */
  virtual bool shared() const = 0;
  /** Why nothing could be borrowed then, although the middleware lends; empty when all is well. */
  virtual const std::string& refusal() const = 0;

  /**
   * Copies the picture, whose bytes must be at most capacity(), and sends it.
   *
   * @returns false when the middleware has no message to lend: subscribers hold them all. The frame is lost
   * then.
   * @throws std::exception of rclcpp
   */
  virtual bool Publish(const PublishedFrame& frame) = 0;

  virtual size_t subscriptions() const = 0;
  /** Whether reliable subscriptions have acknowledged all that was sent. */
  virtual bool delivered() const = 0;
};

}  // namespace ros
