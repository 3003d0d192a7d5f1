#pragma once

#include <napi.h>

#include <optional>
#include <string>

#include "../failure.h"
#include "camera/counters.h"
#include "camera/message.h"
#include "camera/region.h"

/** What passes between JavaScript and this room, converted and checked. */
namespace camera {

/** { expected, received, hint }: NativeFailure of src/native/bpu.ts. */
Napi::Object ToObject(Napi::Env env, const Failure& failure);

/** Region of src/vision/picture/region.ts. */
Napi::Object ToObject(Napi::Env env, const Region& region);
/** Throws an Error with a property `failure`. */
[[noreturn]] void Throw(Napi::Env env, const Failure& failure);

/** NativeCameraCounters of src/native/camera.ts. */
Napi::Object ToObject(Napi::Env env, const CameraCounters& counters);

/** @param expected what the error says was expected @throws Napi::TypeError unless it is a number in the
 * range */
double ReadNumber(Napi::Value value, const char* expected, double min, double max, bool whole = true);

/** A RawImage (src/message/read/image-message.ts): what was read of it, and its bytes, to be looked at last.
 */
struct ImageArgument {
  Message header;
  std::string encoding;
  Napi::Value data;

  /** Valid as long as this is, and no JavaScript runs. @throws Napi::TypeError unless data is a Uint8Array */
  Message View() const;
};

/** @throws Napi::TypeError */
ImageArgument ReadImage(Napi::Value value);

/** An ImageReading (src/native/camera.ts). @throws Napi::TypeError */
ImageReading ReadReading(Napi::Value value);

/** A Region (src/vision/picture/region.ts); undefined and null: none. @throws Napi::TypeError */
std::optional<Region> ReadRegion(Napi::Value value);

}  // namespace camera
