#pragma once

#include <napi.h>

#include <optional>
#include <string>

#include "../failure.h"
#include "camera/counters.h"
#include "camera/message.h"
#include "camera/region.h"

/** Conversion and validation of values that pass between JavaScript and this folder. */
namespace camera {

/** A NativeFailure (src/native/failure.ts). */
Napi::Object ToObject(Napi::Env env, const Failure& failure);

/** A Region (src/vision/picture/region.ts). */
Napi::Object ToObject(Napi::Env env, const Region& region);
/** Throws an Error with a property `failure`. */
[[noreturn]] void Throw(Napi::Env env, const Failure& failure);

/** A NativeCameraCounters (src/native/camera.ts). */
Napi::Object ToObject(Napi::Env env, const CameraCounters& counters);

/**
 * @param expected used in the error
 * @throws Napi::TypeError unless the value is a number in the range
 */
double ReadNumber(Napi::Value value, const char* expected, double min, double max, bool whole = true);

/** A NativeImage (src/native/camera.ts): its fields, and its bytes, which must be viewed last. */
struct ImageArgument {
  Message header;
  std::string encoding;
  Napi::Value data;

  /**
   * Valid while this object exists and no JavaScript runs. @throws Napi::TypeError unless data is a
   * Uint8Array
   */
  Message View() const;
};

/** @throws Napi::TypeError */
ImageArgument ReadImage(Napi::Value value);

/** An ImageReading (src/native/camera.ts). @throws Napi::TypeError */
ImageReading ReadReading(Napi::Value value);

/** A Region (src/vision/picture/region.ts), or nothing for undefined and null. @throws Napi::TypeError */
std::optional<Region> ReadRegion(Napi::Value value);

}  // namespace camera
