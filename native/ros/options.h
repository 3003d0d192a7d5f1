#pragma once

#include <napi.h>

#include <exception>

#include "ros/participant.h"

namespace ros {

constexpr double kMostDepth = 1000;

/** { name, namespace, domain? } */
Identity ReadIdentity(Napi::Object object);

/** What happens in rclcpp as an Error of JavaScript. */
template <typename Work>
auto Guarded(Napi::Env env, const Work& work) {
  try {
    return work();
  } catch (const Napi::Error&) {
    throw;
  } catch (const std::exception& error) {
    throw Napi::Error::New(env, error.what());
  }
}

/** Whether a property is `yes`; `Fail`s when it is neither that nor `no`. */
bool ReadChoice(Napi::Object object, const char* key, const char* yes, const char* no);

}  // namespace ros
