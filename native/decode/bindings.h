#pragma once

#include <napi.h>

/** What JavaScript sees of this folder; the signatures are in src/native/decode.ts. */
namespace decode {

Napi::Value KernelsBinding(const Napi::CallbackInfo& info);
Napi::Value ScanBinding(const Napi::CallbackInfo& info);
Napi::Value BoxesBinding(const Napi::CallbackInfo& info);
Napi::Value SuppressBinding(const Napi::CallbackInfo& info);
Napi::Value CombineBinding(const Napi::CallbackInfo& info);
Napi::Value RunsBinding(const Napi::CallbackInfo& info);
Napi::Value OutlinesBinding(const Napi::CallbackInfo& info);

}  // namespace decode
