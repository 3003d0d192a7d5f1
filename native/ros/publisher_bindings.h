#pragma once

#include <napi.h>

namespace ros {

/** Typed in src/native/publisher.ts. */
Napi::Value PublishedMessagesBinding(const Napi::CallbackInfo& info);
Napi::Value OpenImagePublisherBinding(const Napi::CallbackInfo& info);

}  // namespace ros
