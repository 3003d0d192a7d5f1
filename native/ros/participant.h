#pragma once

#include <optional>
#include <string>

#include "rclcpp/rclcpp.hpp"

namespace ros {

struct NodeIdentity {
  std::string name;
  /** Absolute: / or /front. */
  std::string name_space;
  /** Unset: the value of ROS_DOMAIN_ID. */
  std::optional<size_t> domain;
  /** The SROS2 enclave, as in --enclave. Unset: / */
  std::optional<std::string> enclave;
};

/**
 * An rclcpp node in a process whose main ROS node belongs to rclnodejs.
 *
 * It has its own context (DDS participant), so the two have independent lifetimes. rclnodejs handles signals
 * and --ros-args, so names must be resolved already. The enclave is passed too, because a participant outside
 * an enclave cannot communicate with those inside. The node has no services and no /rosout.
 */
class Participant {
 public:
  /** @throws std::exception of rclcpp, for an invalid name or a middleware that does not start */
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
