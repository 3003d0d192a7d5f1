#pragma once

#include <memory>
#include <string>

#include "bpu/hbdnn_abi.h"

namespace bpu {

/**
 * libdnn, loaded at run time. One that was loaded stays for the life of the process: it runs threads of its
 * own, and unmapping their code is nothing a vendor's library is tested for.
 */
struct Library {
  /**
   * @param path of libdnn.so; empty for the places where RDK X5 and X3 have it
   * @throws Failure when there is none, when it lacks a function, when its version has another struct layout,
   *   or when it is the UCP library of RDK S100
   */
  static std::shared_ptr<const Library> Load(const std::string& path);

  /** As it was found. */
  std::string path;
  /** As the library says it, e.g. "1.23.10_(3.15.54 HBRT)". */
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

  /** Optional: null where the library has none. */
  int32_t (*hbDNNGetEstimateLatency)(int32_t*, hbDNNHandle_t);
};

}  // namespace bpu
