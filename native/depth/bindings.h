#pragma once

#include <napi.h>

/** The JavaScript interface of this folder; the signatures are in src/native/depth.ts. */
namespace depth {

Napi::Value LayBinding(const Napi::CallbackInfo& info);
Napi::Value ErodeBinding(const Napi::CallbackInfo& info);
Napi::Value FillBinding(const Napi::CallbackInfo& info);
Napi::Value CopyBinding(const Napi::CallbackInfo& info);
Napi::Value LabelBinding(const Napi::CallbackInfo& info);
Napi::Value CollectBinding(const Napi::CallbackInfo& info);
Napi::Value PlaceBinding(const Napi::CallbackInfo& info);
Napi::Value OutlineBinding(const Napi::CallbackInfo& info);
Napi::Value ProjectBinding(const Napi::CallbackInfo& info);
Napi::Value CutBinding(const Napi::CallbackInfo& info);

}  // namespace depth
