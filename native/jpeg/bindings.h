#pragma once

#include <napi.h>

/** Functions that the addon exports; their signatures are in src/native/jpeg-addon.ts. */
namespace jpeg {

Napi::Value AvailableBinding(const Napi::CallbackInfo& info);
Napi::Value EncodeBinding(const Napi::CallbackInfo& info);

}  // namespace jpeg
