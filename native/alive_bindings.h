#pragma once

#include <napi.h>

/** aliveObjects() of src/native/addon.ts. */
Napi::Value AliveObjectsBinding(const Napi::CallbackInfo& info);
