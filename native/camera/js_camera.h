#pragma once

#include <napi.h>

#include <memory>

#include "camera/camera.h"

namespace camera {

/** Adds the methods of NativeCamera (src/native/camera.ts) except close(). */
void AddCameraMethods(Napi::Env env, const std::shared_ptr<Camera>& camera, Napi::Object object);

/** injectCamera(): an InjectedCamera (src/native/camera.ts). */
Napi::Object OpenInjectedCamera(Napi::Env env);

}  // namespace camera
