#pragma once

#include <napi.h>

/**
 * Functions that the addon exports when it is built with rclcpp; their signatures are in src/native/camera.ts
 * and publisher.ts.
 */
namespace ros {

Napi::Value NativeCamerasBinding(const Napi::CallbackInfo& info);
Napi::Value OpenCameraNodeBinding(const Napi::CallbackInfo& info);
Napi::Value PublishedMessagesBinding(const Napi::CallbackInfo& info);
Napi::Value OpenImagePublisherBinding(const Napi::CallbackInfo& info);

}  // namespace ros
