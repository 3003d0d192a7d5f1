#pragma once

#include <napi.h>

/** What JavaScript sees of this folder; the signatures are in src/native/camera.ts and publisher.ts. */
namespace ros {

Napi::Value NativeCamerasBinding(const Napi::CallbackInfo& info);
Napi::Value OpenCameraNodeBinding(const Napi::CallbackInfo& info);
Napi::Value PublishedMessagesBinding(const Napi::CallbackInfo& info);
Napi::Value OpenImagePublisherBinding(const Napi::CallbackInfo& info);

}  // namespace ros
