#include <napi.h>

#include "arguments.h"
#include "bpu/bindings.h"
#include "bpu/engine.h"
#include "bpu/memory.h"
#include "camera/attachment.h"
#include "camera/bindings.h"
#include "camera/slot_table.h"
#include "decode/bindings.h"
#include "depth/bindings.h"
#include "emulator/bindings.h"
#include "jpeg/bindings.h"
#include "nv12/bindings.h"
#include "thread_schedule.h"
#include "web/bindings.h"
#ifdef TROS_YOLO_SEG_RCLCPP
#include "ros/bindings.h"
#endif

/**
 * Version of everything the addon exports: functions, their arguments, blocks of heads, plans. Increase it
 * with each change, here and in src/native/addon.ts, so that a build of another commit is reported when it is
 * loaded and not when a frame fails.
 */
constexpr int kInterface = 6;

/** aliveObjects(): an AliveObjects (src/native/addon.ts). */
static Napi::Value AliveObjectsBinding(const Napi::CallbackInfo& info) {
  Napi::Object object = Napi::Object::New(info.Env());
  const auto add = [&](const char* name, int64_t alive) { object.Set(name, static_cast<double>(alive)); };
  add("engines", Counted<bpu::Engine>::alive());
  add("blocks", Counted<bpu::BpuMemory>::alive());
  add("threads", bpu::Engine::abandoned_threads());
  add("tables", Counted<camera::SlotTable>::alive());
  add("attachments", Counted<camera::Attachment>::alive());
  add("pictures", Counted<camera::PixelBuffer>::alive());
  return object;
}

/** Everything the addon exports, one line per function. src/native/addon.ts has the types. */
static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  arguments::InitEnvironment(env);
#ifdef __linux__
  if (ThreadSchedule::OnMainThread()) ThreadSchedule::Apply("javascript");
#endif
  const auto add = [&](const char* name, Napi::Value (*function)(const Napi::CallbackInfo&)) {
    exports.Set(name, Napi::Function::New(env, function, name));
  };
  exports.Set("interface", kInterface);
  add("letterbox", nv12::LetterboxBinding);
  add("scaleNv12", nv12::ScaleBinding);
  add("nv12ToPlanarFloat", nv12::ToPlanarFloatBinding);
  add("nv12ToRgb8", nv12::ToRgb8Binding);
  add("packedToNv12", nv12::FromPackedBinding);
  add("preprocess", nv12::PreprocessBinding);
  add("pixelKernels", nv12::PixelKernelsBinding);
  add("decodeKernels", decode::KernelsBinding);
  add("decodeScan", decode::ScanBinding);
  add("decodeBoxes", decode::BoxesBinding);
  add("decodeSuppress", decode::SuppressBinding);
  add("decodeCombine", decode::CombineBinding);
  add("decodeRuns", decode::RunsBinding);
  add("decodeOutlines", decode::OutlinesBinding);
  add("depthLay", depth::LayBinding);
  add("depthErode", depth::ErodeBinding);
  add("depthFill", depth::FillBinding);
  add("depthCopy", depth::CopyBinding);
  add("depthLabel", depth::LabelBinding);
  add("depthCollect", depth::CollectBinding);
  add("depthPlace", depth::PlaceBinding);
  add("depthOutline", depth::OutlineBinding);
  add("depthProject", depth::ProjectBinding);
  add("depthCut", depth::CutBinding);
  add("openBpu", bpu::OpenBinding);
  add("libdnnPaths", bpu::LibdnnPathsBinding);
  add("openEmulator", emulator::OpenBinding);
  add("openHeapSlots", camera::OpenHeapSlotsBinding);
  add("injectCamera", camera::InjectBinding);
  add("letterboxContent", camera::LetterboxContentBinding);
  add("imageEncodings", camera::ImageEncodingsBinding);
  add("hbmEncoding", camera::HbmEncodingBinding);
  add("inspectImage", camera::InspectImageBinding);
  add("imageToNv12", camera::ImageToNv12Binding);
  add("clipRegion", camera::ClipRegionBinding);
  add("duplicateDescriptor", web::DuplicateDescriptorBinding);
  add("addContours", web::AddContoursBinding);
  add("jpegAvailable", jpeg::AvailableBinding);
  add("jpegEncode", jpeg::EncodeBinding);
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
