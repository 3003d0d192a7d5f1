#include "ros/participant.h"

#include <memory>
#include <vector>

#include "rmw/rmw.h"
#include "ros/log_exceptions.h"

namespace ros {
namespace {

constexpr char kTypeService[] = "start_type_description_service";

}  // namespace

Participant::Participant(const NodeIdentity& identity) : context_(std::make_shared<rclcpp::Context>()) {
  rclcpp::InitOptions options;
  options.shutdown_on_signal = false;
  options.auto_initialize_logging(false);  // done by rclnodejs's context
  if (identity.domain) options.set_domain_id(*identity.domain);
  // rclcpp accepts an enclave only through arguments.
  std::vector<const char*> arguments;
  if (identity.enclave) arguments = {"", "--ros-args", "--enclave", identity.enclave->c_str()};
  context_->init(static_cast<int>(arguments.size()), arguments.empty() ? nullptr : arguments.data(), options);
  node_ = std::make_shared<rclcpp::Node>(identity.name, identity.name_space,
                                         rclcpp::NodeOptions()
                                             .context(context_)
                                             .use_global_arguments(false)
                                             .enable_rosout(false)
                                             .start_parameter_services(false)
                                             .start_parameter_event_publisher(false)
                                             // Jazzy and later: no executor of ours would answer it.
                                             .append_parameter_override(kTypeService, false));
}

Participant::~Participant() {
  LogExceptions("closing a node", [this] { node_.reset(); });
  LogExceptions("shutting down a context", [this] { context_->shutdown("closed"); });
}

std::string Participant::Middleware() { return rmw_get_implementation_identifier(); }

}  // namespace ros
