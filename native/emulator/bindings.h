#pragma once

#include <napi.h>

/** Part of the addon, not of the emulator: lets tests step the clock of an emulator that is loaded. */
namespace emulator {

/** openEmulator(library): a NativeEmulator (src/native/emulator.ts). */
Napi::Value OpenBinding(const Napi::CallbackInfo& info);

}  // namespace emulator
