#pragma once

#include <napi.h>

/** Functions that the addon exports; their signatures are in src/native/bpu.ts. */
namespace bpu {

Napi::Value OpenBinding(const Napi::CallbackInfo& info);
Napi::Value LibdnnPathsBinding(const Napi::CallbackInfo& info);

}  // namespace bpu
