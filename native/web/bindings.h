#pragma once

#include <napi.h>

/** Functions that the addon exports; their signatures are in src/native/web-addon.ts. */
namespace web {

Napi::Value AddContoursBinding(const Napi::CallbackInfo& info);
Napi::Value DuplicateDescriptorBinding(const Napi::CallbackInfo& info);

}  // namespace web
