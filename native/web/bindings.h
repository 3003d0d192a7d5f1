#pragma once

#include <napi.h>

/** Functions that the addon exports; their signatures are in src/native/descriptors.ts. */
namespace web {

Napi::Value DuplicateDescriptorBinding(const Napi::CallbackInfo& info);

}  // namespace web
