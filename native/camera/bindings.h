#pragma once

#include <napi.h>

/** Functions that the addon exports; their signatures are in src/native/camera.ts. */
namespace camera {

Napi::Value InjectBinding(const Napi::CallbackInfo& info);
Napi::Value OpenHeapSlotsBinding(const Napi::CallbackInfo& info);
/** nativeCameras() of an addon that was built without rclcpp. */
Napi::Value NoCamerasBinding(const Napi::CallbackInfo& info);
Napi::Value LetterboxContentBinding(const Napi::CallbackInfo& info);

/** imageEncodings(): the name and aliases of each encoding. */
Napi::Value ImageEncodingsBinding(const Napi::CallbackInfo& info);

/** hbmEncoding(letters): the encoding that the bytes start with. */
Napi::Value HbmEncodingBinding(const Napi::CallbackInfo& info);

/** inspectImage(image, reading): an ImageReport */
Napi::Value InspectImageBinding(const Napi::CallbackInfo& info);

/** imageToNv12(image, reading, target, part) */
Napi::Value ImageToNv12Binding(const Napi::CallbackInfo& info);

/** clipRegion(region, width, height): a clipped Region (src/native/camera.ts) */
Napi::Value ClipRegionBinding(const Napi::CallbackInfo& info);

}  // namespace camera
