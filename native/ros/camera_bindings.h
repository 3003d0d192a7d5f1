#pragma once

#include <napi.h>

namespace ros {

/** Typed in src/native/camera.ts. */
Napi::Value NativeCamerasBinding(const Napi::CallbackInfo& info);
Napi::Value OpenCameraNodeBinding(const Napi::CallbackInfo& info);

}  // namespace ros
