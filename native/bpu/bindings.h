#pragma once

#include <napi.h>

/** What JavaScript sees of this folder; the signatures are in src/native/bpu.ts and emulator.ts. */
namespace bpu {

Napi::Value OpenBinding(const Napi::CallbackInfo& info);

}  // namespace bpu
