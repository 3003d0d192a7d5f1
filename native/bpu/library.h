#pragma once

#include <memory>
#include <string>

#include "bpu/hbdnn_abi.h"

namespace bpu {

/**
 * libdnn, loaded at run time. It stays loaded for the life of the process: it runs threads of its own, and
 * vendors do not test unloading.
 */
struct Library {
  /**
   * @param path of libdnn.so; empty for the paths where RDK X5 and X3 have it
   * @throws Failure when it is not found, when a function is missing, when its version has a different struct
   *   layout, or when it is the UCP library of RDK S100
   */
  static std::shared_ptr<const Library> Load(const std::string& path);

  /** The path it was loaded from. */
  std::string path;
  /** As reported by the library, e.g. "1.23.10_(3.15.54 HBRT)". */
  std::string version;

  char const* (*hbDNNGetVersion)();
  int32_t (*hbDNNInitializeFromFiles)(hbPackedDNNHandle_t*, char const**, int32_t);
  int32_t (*hbDNNRelease)(hbPackedDNNHandle_t);
  int32_t (*hbDNNGetModelNameList)(char const***, int32_t*, hbPackedDNNHandle_t);
  int32_t (*hbDNNGetModelHandle)(hbDNNHandle_t*, hbPackedDNNHandle_t, char const*);
  int32_t (*hbDNNGetInputCount)(int32_t*, hbDNNHandle_t);
  int32_t (*hbDNNGetOutputCount)(int32_t*, hbDNNHandle_t);
  int32_t (*hbDNNGetInputName)(char const**, hbDNNHandle_t, int32_t);
  int32_t (*hbDNNGetOutputName)(char const**, hbDNNHandle_t, int32_t);
  int32_t (*hbDNNGetInputTensorProperties)(hbDNNTensorProperties*, hbDNNHandle_t, int32_t);
  int32_t (*hbDNNGetOutputTensorProperties)(hbDNNTensorProperties*, hbDNNHandle_t, int32_t);
  int32_t (*hbDNNInfer)(hbDNNTaskHandle_t*, hbDNNTensor**, hbDNNTensor const*, hbDNNHandle_t,
                        hbDNNInferCtrlParam*);
  int32_t (*hbDNNWaitTaskDone)(hbDNNTaskHandle_t, int32_t);
  int32_t (*hbDNNReleaseTask)(hbDNNTaskHandle_t);
  int32_t (*hbSysAllocCachedMem)(hbSysMem*, uint32_t);
  int32_t (*hbSysFreeMem)(hbSysMem*);
  int32_t (*hbSysFlushMem)(hbSysMem*, int32_t);

  /** Optional: null when the library lacks it. */
  int32_t (*hbDNNGetEstimateLatency)(int32_t*, hbDNNHandle_t);
};

}  // namespace bpu
