#pragma once

#include <napi.h>

/** Functions that the addon exports; their signatures are in src/native/nv12.ts. */
namespace nv12 {

Napi::Value LetterboxBinding(const Napi::CallbackInfo& info);
Napi::Value ScaleBinding(const Napi::CallbackInfo& info);
Napi::Value ToPlanarFloatBinding(const Napi::CallbackInfo& info);
Napi::Value ToRgb8Binding(const Napi::CallbackInfo& info);
Napi::Value FromPackedBinding(const Napi::CallbackInfo& info);
Napi::Value PreprocessBinding(const Napi::CallbackInfo& info);
Napi::Value PixelKernelsBinding(const Napi::CallbackInfo& info);

}  // namespace nv12
