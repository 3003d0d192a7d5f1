#include <napi.h>

#include "alive_bindings.h"
#include "arguments.h"
#include "bpu/bindings.h"
#include "camera/bindings.h"
#include "camera/image_bindings.h"
#include "decode/bindings.h"
#include "nv12/bindings.h"
#ifdef TROS_YOLO_SEG_RCLCPP
#include "ros/camera_bindings.h"
#include "ros/publisher_bindings.h"
#endif

/** Everything the addon exports; src/native/addon.ts types it. One line for each function, in the room it
 * belongs to. */
static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  arguments::Prepare(env);
  const auto add = [&](const char* name, Napi::Value (*function)(const Napi::CallbackInfo&)) {
    exports.Set(name, Napi::Function::New(env, function, name));
  };
  add("letterbox", nv12::LetterboxBinding);
  add("nv12ToPlanarFloat", nv12::ToPlanarFloatBinding);
  add("nv12ToRgb8", nv12::ToRgb8Binding);
  add("packedToNv12", nv12::FromPackedBinding);
  add("preprocess", nv12::PreprocessBinding);
  add("pixelKernels", nv12::PixelKernelsBinding);
  add("decodeKernels", decode::KernelsBinding);
  add("decodeScan", decode::ScanBinding);
  add("decodeBoxes", decode::BoxesBinding);
  add("decodeCombine", decode::CombineBinding);
  add("decodeRuns", decode::RunsBinding);
  add("decodeOutlines", decode::OutlinesBinding);
  add("openBpu", bpu::OpenBinding);
  add("openEmulator", bpu::OpenEmulatorBinding);
  add("openInbox", camera::OpenInboxBinding);
  add("injectCamera", camera::InjectBinding);
  add("letterboxContent", camera::LetterboxContentBinding);
  add("imageEncodings", camera::ImageEncodingsBinding);
  add("hbmEncoding", camera::HbmEncodingBinding);
  add("inspectImage", camera::InspectImageBinding);
  add("imageToNv12", camera::ImageToNv12Binding);
  add("partOf", camera::PartOfBinding);
  add("aliveObjects", AliveObjectsBinding);
#ifdef TROS_YOLO_SEG_RCLCPP
  add("nativeCameras", ros::NativeCamerasBinding);
  add("openCameraNode", ros::OpenCameraNodeBinding);
  add("publishedMessages", ros::PublishedMessagesBinding);
  add("openImagePublisher", ros::OpenImagePublisherBinding);
#else
  add("nativeCameras", camera::NoCamerasBinding);
#endif
  return exports;
}

NODE_API_MODULE(tros_yolo_seg, Init)
