#pragma once

#include <memory>

#include "bpu/failure.h"
#include "bpu/library.h"
#include "counted.h"

namespace bpu {

/** A block that CPU and BPU share; cached, so whoever reads or writes it flushes. Freed with its last owner.
 */
class BpuMemory : public Counted<BpuMemory> {
 public:
  /** @throws Failure when there is not enough */
  BpuMemory(std::shared_ptr<const Library> library, uint32_t size);
  ~BpuMemory() { Free(); }
  BpuMemory(const BpuMemory&) = delete;
  BpuMemory& operator=(const BpuMemory&) = delete;

  /** Before the last owner lets go: when nobody looks at it any more. Idempotent. */
  void Free();
  /** Not freed while it is kept, as the BPU may write to it at any time: at last the end of the process gives
   * it back. */
  void SetQuarantined(bool quarantined);
  /** At the end of the process: all blocks but those that are kept. */
  static void FreeAll();

  const hbSysMem& block() const { return memory_; }
  uint8_t* data() const { return static_cast<uint8_t*>(memory_.virAddr); }
  uint32_t size() const { return memory_.memSize; }

  /** After the CPU wrote, before the BPU reads. @throws Failure */
  void Clean() { Flush("hbSysFlushMem to clean the input", HB_SYS_MEM_CACHE_CLEAN); }
  /** After the BPU wrote, before the CPU reads. @throws Failure */
  void Invalidate() { Flush("hbSysFlushMem to invalidate an output", HB_SYS_MEM_CACHE_INVALIDATE); }

 private:
  void Flush(const char* call, int32_t flag) { Check(call, library_->hbSysFlushMem(&memory_, flag)); }

  std::shared_ptr<const Library> library_;
  hbSysMem memory_{};
  bool quarantined_ = false;
};

}  // namespace bpu
