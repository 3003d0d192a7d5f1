#pragma once

#include <optional>
#include <string>

#include "rclcpp/rclcpp.hpp"

namespace ros {

struct NodeIdentity {
  std::string name;
  /** Absolute: / or /front. */
  std::string name_space;
  /** Unset: that of ROS_DOMAIN_ID. */
  std::optional<size_t> domain;
  /** Where its security files are, as --enclave says it. Unset: / */
  std::optional<std::string> enclave;
};

/**
 * A node of rclcpp in a process whose ROS node is rclnodejs's.
 *
 * It has a context (DDS participant) of its own, so that neither side depends on the other's life. Signals
 * and --ros-args stay with rclnodejs: names come resolved, and so does the enclave, for a participant that is
 * not in it hears nothing of those that are. It offers nothing but the topics made with it: no
 * services, no /rosout.
 */
class Participant {
 public:
  /** @throws std::exception of rclcpp, for a bad name or a middleware that does not start */
  explicit Participant(const NodeIdentity& identity);
  ~Participant();
  Participant(const Participant&) = delete;
  Participant& operator=(const Participant&) = delete;

  rclcpp::Node& node() { return *node_; }
  /** rmw_fastrtps_cpp ... */
  static std::string Middleware();

 private:
  rclcpp::Context::SharedPtr context_;
  rclcpp::Node::SharedPtr node_;
};

}  // namespace ros
