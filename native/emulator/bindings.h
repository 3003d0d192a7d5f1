#pragma once

#include <napi.h>

/** Part of the addon, not of the emulator: lets tests control a loaded emulator. */
namespace emulator {

/** openEmulator(library): a NativeEmulator (src/native/emulator.ts). */
Napi::Value OpenBinding(const Napi::CallbackInfo& info);

}  // namespace emulator
