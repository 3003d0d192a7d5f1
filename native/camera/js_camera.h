#pragma once

#include <napi.h>

#include <memory>

#include "camera/camera.h"

namespace camera {

/** Adds what JavaScript may do with any camera: id, keepPixels, counters. */
void AddCameraMethods(Napi::Env env, const std::shared_ptr<Camera>& camera, Napi::Object object);

/** An InjectedCamera (src/native/camera.ts). */
Napi::Object OpenInjectedCamera(Napi::Env env);

}  // namespace camera
