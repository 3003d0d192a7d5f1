#pragma once

#include <napi.h>

#include <optional>
#include <string>

#include "camera/message.h"
#include "camera/region.h"

/** Images as JavaScript has them, read by the code that reads those of native cameras. */
namespace camera {

/** A RawImage (src/message/read/image-message.ts): what was read of it, and its bytes, to be looked at last. */
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
Reading ReadReading(Napi::Value value);

/** A Region (src/vision/picture/region.ts); undefined and null: none. @throws Napi::TypeError */
std::optional<Region> ReadRegion(Napi::Value value);

/** imageEncodings(): { name, aliases } of each */
Napi::Value ImageEncodingsBinding(const Napi::CallbackInfo& info);

/** hbmEncoding(letters): what the bytes begin with */
Napi::Value HbmEncodingBinding(const Napi::CallbackInfo& info);

/** inspectImage(image, reading): an ImageReport */
Napi::Value InspectImageBinding(const Napi::CallbackInfo& info);

/** imageToNv12(image, reading, target, part) */
Napi::Value ImageToNv12Binding(const Napi::CallbackInfo& info);

/** partOf(region, width, height): a PictureSection (src/native/camera.ts) */
Napi::Value PartOfBinding(const Napi::CallbackInfo& info);

}  // namespace camera
