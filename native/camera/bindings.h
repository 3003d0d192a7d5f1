#pragma once

#include <napi.h>

#include <memory>

#include "camera/camera.h"

/** What JavaScript sees of this folder; the signatures are in src/native/camera.ts. */
namespace camera {

Napi::Value InjectBinding(const Napi::CallbackInfo& info);
Napi::Value OpenInboxBinding(const Napi::CallbackInfo& info);
/** nativeCameras() of an addon without rclcpp. */
Napi::Value NoCamerasBinding(const Napi::CallbackInfo& info);
Napi::Value LetterboxContentBinding(const Napi::CallbackInfo& info);

/** Adds what JavaScript may do with any camera: id, keepPixels, counters. */
void Describe(Napi::Env env, const std::shared_ptr<Camera>& camera, Napi::Object object);

}  // namespace camera
