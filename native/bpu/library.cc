#include "bpu/library.h"

#include <dlfcn.h>
#include <glob.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <mutex>
#include <vector>

#include "bpu/failure.h"
#include "bpu/libdnn_paths.h"

namespace bpu {
namespace {

constexpr const char* kVersionsThatWork =
    "hbDNN 1.18 and later 1.x versions work (RDK X3 images since mid 2023, all of RDK X5).";

std::string LastError() {
  const char* text = dlerror();
  return text ? text : "no reason given";
}

/**
 * Libraries that libdnn needs. Some images link libdnn without libcnn_intf, and some keep its dependencies
 * outside the loader's path. The list is the dependencies of dnn_server on RDK X5.
 */
constexpr const char* kCompanions[] = {"libalog.so.1", "libhbmem.so.1", "libcnn_intf.so.1",
                                       "libhbrt_bayes_aarch64.so", "libhbrt_bernoulli_aarch64.so"};

/**
 * Prefix of the board's folders: empty, or a folder that tests use in place of /. This is not a security
 * hole: whoever can set a variable of this process can already load any library through LD_LIBRARY_PATH or
 * LD_PRELOAD.
 */
std::string Sysroot() {
  const char* root = std::getenv("TROS_YOLO_SEG_SYSROOT");
  return root ? root : "";
}

/** An absolute path below the sysroot, or a bare name for the loader. */
std::string InSysroot(const char* path) { return path[0] == '/' ? Sysroot() + path : path; }

bool Preload(const std::string& path) {
  // Loaded for the life of the process, like libdnn. RTLD_GLOBAL, so that a libdnn that was linked without
  // them finds their symbols. A libdnn that names them gets the same libraries by soname.
  return dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL) != nullptr;
}

/** Alternatives; the first that loads is enough. */
using Candidates = std::vector<std::string>;

/** Each companion by name, then in these folders. Every libhbrt in the folders is added. */
std::vector<Candidates> Companions(const std::vector<std::string>& folders) {
  std::vector<Candidates> companions;
  for (const char* name : kCompanions) {
    Candidates candidates = {name};
    for (const std::string& folder : folders) candidates.push_back(folder + "/" + name);
    companions.push_back(std::move(candidates));
  }
  for (const std::string& folder : folders) {
    glob_t runtimes{};
    if (glob((folder + "/libhbrt_*.so*").c_str(), 0, nullptr, &runtimes) == 0) {
      for (size_t i = 0; i < runtimes.gl_pathc; i++) companions.push_back({runtimes.gl_pathv[i]});
    }
    globfree(&runtimes);
  }
  return companions;
}

/** They depend on each other: repeats until no more of them load. */
void PreloadCompanions(const std::vector<std::string>& folders) {
  std::vector<Candidates> missing = Companions(folders);
  for (size_t before = 0; before != missing.size();) {
    before = missing.size();
    missing.erase(std::remove_if(missing.begin(), missing.end(),
                                 [](const Candidates& candidates) {
                                   return std::any_of(candidates.begin(), candidates.end(), Preload);
                                 }),
                  missing.end());
  }
}

/** Whether a dependency or symbol is missing, rather than the library itself. */
bool LacksCompanion(const std::string& path, const std::string& error) {
  if (error.find("undefined symbol") != std::string::npos) return true;
  return error.find("cannot open shared object file") != std::string::npos &&
         error.compare(0, path.size() + 1, path + ":") != 0;
}

void* Open(const std::string& path, std::string& error) {
  // RTLD_LOCAL: its symbols must not clash with another libdnn or OpenCV in the process.
  void* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle) return handle;
  error = LastError();
  if (!LacksCompanion(path, error)) return nullptr;
  std::vector<std::string> folders;
  const size_t slash = path.rfind('/');
  if (slash != std::string::npos) folders.push_back(path.substr(0, slash));
  for (const char* place : kCompanionFolders) folders.push_back(InSysroot(place));
  PreloadCompanions(folders);
  handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!handle) error = LastError();
  return handle;
}

std::string HintFor(bool lacks_companion) {
  if (!lacks_companion) {
    return "On a robot, install hobot-dnn and run there; elsewhere use the onnx engine, or give the path of "
           "the "
           "emulator (build/native/emulator/libdnn.so).";
  }
  std::string names;
  for (const char* name : kCompanions) names += (names.empty() ? "" : ", ") + std::string(name);
  std::string places;
  for (const char* place : kCompanionFolders) places += ", in " + InSysroot(place);
  return "It needs other libraries of the board's image. Looked for " + names +
         " by name, in its own folder" + places +
         ": install hobot-dnn, or add their folder to LD_LIBRARY_PATH.";
}

void* OpenFirst(const std::string& path, std::string& found) {
  std::vector<std::string> places;
  if (path.empty()) {
    for (const char* place : kLibdnnPaths) places.push_back(InSysroot(place));
  } else {
    places.push_back(path);
  }
  std::string tried;
  bool lacks_companion = false;
  for (const std::string& place : places) {
    std::string error;
    if (void* handle = Open(place, error)) {
      found = place;
      return handle;
    }
    tried += (tried.empty() ? "" : "; ") + error;
    lacks_companion = lacks_companion || LacksCompanion(place, error);
  }
  throw Failure(path.empty() ? "libdnn.so of an RDK X5 or X3" : "a loadable libdnn at " + path, tried,
                HintFor(lacks_companion));
}

template <typename Function>
void Bind(void* handle, const char* name, Function*& function, std::string& missing) {
  function = reinterpret_cast<Function*>(dlsym(handle, name));
  if (!function) missing += (missing.empty() ? "" : ", ") + std::string(name);
}

/**
 * @throws Failure for the library of S100, which has the same file and function names but different structs
 */
void RejectUcp(void* handle, const std::string& path) {
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
                 : " The struct layout of other versions is unknown."));
}

std::shared_ptr<const Library> LoadOnce(const std::string& path) {
  auto library = std::make_shared<Library>();
  void* handle = OpenFirst(path, library->path);
  RejectUcp(handle, library->path);

  // Check the version first: an older library may lack functions, and its age is the useful message.
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
