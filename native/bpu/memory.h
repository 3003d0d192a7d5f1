#pragma once

#include <memory>

#include "bpu/failure.h"
#include "bpu/library.h"
#include "counted.h"

namespace bpu {

/**
 * A block of memory shared by CPU and BPU. It is cached, so readers and writers must flush it. Freed with its
 * last owner.
 */
class BpuMemory : public Counted<BpuMemory> {
 public:
  /** @throws Failure when there is not enough */
  BpuMemory(std::shared_ptr<const Library> library, uint32_t size);
  ~BpuMemory() { Free(); }
  BpuMemory(const BpuMemory&) = delete;
  BpuMemory& operator=(const BpuMemory&) = delete;

  /** Frees the block early, when it is no longer used. Idempotent. */
  void Free();
  /**
   * A quarantined block is not freed, because the BPU may write to it at any time. The system reclaims it
   * when the process ends.
   */
  void SetQuarantined(bool quarantined);
  /** Frees all blocks that are not quarantined; for the end of the process. */
  static void FreeAll();

  const hbSysMem& block() const { return memory_; }
  uint8_t* data() const { return static_cast<uint8_t*>(memory_.virAddr); }
  uint32_t size() const { return memory_.memSize; }

  /** Call after the CPU wrote, before the BPU reads. @throws Failure */
  void Clean() { Flush("hbSysFlushMem to clean the input", HB_SYS_MEM_CACHE_CLEAN); }
  /** Call after the BPU wrote, before the CPU reads. @throws Failure */
  void Invalidate() { Flush("hbSysFlushMem to invalidate an output", HB_SYS_MEM_CACHE_INVALIDATE); }

 private:
  void Flush(const char* call, int32_t flag) { Check(call, library_->hbSysFlushMem(&memory_, flag)); }

  std::shared_ptr<const Library> library_;
  hbSysMem memory_{};
  bool quarantined_ = false;
};

}  // namespace bpu
