#include "bpu/library.h"

#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <mutex>
#include <vector>

#include "bpu/failure.h"

namespace bpu {
namespace {

/** Where the boards have it: on the loader's path (X5, and X3 through ld.so.conf.d), or X3's own folder. */
constexpr const char* kUsualPlaces[] = {"libdnn.so", "/usr/lib/hbbpu/libdnn.so", "/usr/lib/libdnn.so"};

constexpr const char* kVersionsThatWork =
    "Versions 1.18 and later of hbDNN 1.x work (RDK X3 images since mid 2023, all of RDK X5).";

std::string LastError() {
  const char* text = dlerror();
  return text ? text : "no reason given";
}

void* Open(const char* path, std::string& error) {
  // RTLD_LOCAL: other libdnns and OpenCVs of the process must not meet this one's symbols.
  void* handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (handle) return handle;
  error = LastError();
  // Some images link libdnn without the interface library it needs.
  if (error.find("undefined symbol") != std::string::npos &&
      dlopen("libcnn_intf.so.1", RTLD_NOW | RTLD_GLOBAL)) {
    handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!handle) error = LastError();
  }
  return handle;
}

void* OpenFirst(const std::string& path, std::string& found) {
  std::vector<const char*> places;
  if (path.empty()) {
    places.assign(std::begin(kUsualPlaces), std::end(kUsualPlaces));
  } else {
    places.push_back(path.c_str());
  }
  std::string tried;
  for (const char* place : places) {
    std::string error;
    if (void* handle = Open(place, error)) {
      found = place;
      return handle;
    }
    tried += (tried.empty() ? "" : "; ") + error;
  }
  throw Failure(
      path.empty() ? "libdnn.so of an RDK X5 or X3" : "a loadable libdnn at " + path, tried,
      "On a robot, install hobot-dnn and run there; elsewhere use the onnx engine, or give the path of the "
      "emulator (build/native/emulator/libdnn.so).");
}

template <typename Function>
void Bind(void* handle, const char* name, Function*& function, std::string& missing) {
  function = reinterpret_cast<Function*>(dlsym(handle, name));
  if (!function) missing += (missing.empty() ? "" : ", ") + std::string(name);
}

/** @throws Failure for S100's library, which has the same file and function names but other structs */
void RefuseUcp(void* handle, const std::string& path) {
  for (const char* name : {"hbDNNInferV2", "hbUCPSubmitTask"}) {
    if (dlsym(handle, name)) {
      throw Failure("the hbDNN 1.x library of RDK X5 or X3 at " + path,
                    std::string("the UCP library of RDK S100/S600 (it has ") + name + ")",
                    "Its tensors have another layout; this engine does not support S100 and S600.");
    }
  }
}

void RequireVersion(const std::string& path, const std::string& version) {
  int major = 0;
  int minor = 0;
  if (std::sscanf(version.c_str(), "%d.%d", &major, &minor) == 2 && major == 1 && minor >= 18) return;
  const bool older = major < 1 || (major == 1 && minor < 18);
  throw Failure(
      "hbDNN 1.18 or a later 1.x at " + path, version.empty() ? "no version" : version,
      std::string(kVersionsThatWork) +
          (older ? " Older ones have tensor properties without strides, 136 bytes instead of 176, so every "
                   "field would be read from the wrong place: update the system image."
                 : " The struct layout of others is not known here."));
}

std::shared_ptr<const Library> LoadOnce(const std::string& path) {
  auto library = std::make_shared<Library>();
  void* handle = OpenFirst(path, library->path);
  RefuseUcp(handle, library->path);

  // The version comes first: an older library may lack functions, and its age is what to tell.
  std::string missing;
  Bind(handle, "hbDNNGetVersion", library->hbDNNGetVersion, missing);
  if (library->hbDNNGetVersion) {
    const char* version = library->hbDNNGetVersion();
    library->version = version ? version : "";
    RequireVersion(library->path, library->version);
  }
#define BPU_BIND(name) Bind(handle, #name, library->name, missing)
  BPU_BIND(hbDNNInitializeFromFiles);
  BPU_BIND(hbDNNRelease);
  BPU_BIND(hbDNNGetModelNameList);
  BPU_BIND(hbDNNGetModelHandle);
  BPU_BIND(hbDNNGetInputCount);
  BPU_BIND(hbDNNGetOutputCount);
  BPU_BIND(hbDNNGetInputName);
  BPU_BIND(hbDNNGetOutputName);
  BPU_BIND(hbDNNGetInputTensorProperties);
  BPU_BIND(hbDNNGetOutputTensorProperties);
  BPU_BIND(hbDNNInfer);
  BPU_BIND(hbDNNWaitTaskDone);
  BPU_BIND(hbDNNReleaseTask);
  BPU_BIND(hbSysAllocCachedMem);
  BPU_BIND(hbSysFreeMem);
  BPU_BIND(hbSysFlushMem);
#undef BPU_BIND
  if (!missing.empty()) {
    throw Failure("a libdnn with all functions of hbDNN 1.18 at " + library->path, "one without " + missing,
                  kVersionsThatWork);
  }
  std::string optional;
  Bind(handle, "hbDNNGetEstimateLatency", library->hbDNNGetEstimateLatency, optional);
  return library;
}

}  // namespace

std::shared_ptr<const Library> Library::Load(const std::string& path) {
  static std::mutex mutex;
  static std::map<std::string, std::shared_ptr<const Library>> loaded;
  const std::lock_guard<std::mutex> lock(mutex);
  auto& library = loaded[path];
  if (!library) library = LoadOnce(path);
  return library;
}

}  // namespace bpu
