#include "bpu/memory.h"

#include <mutex>
#include <set>

namespace bpu {
namespace {

/** Blocks that are not freed yet. Never destroyed: the exit handler may run after static destructors. */
struct Blocks {
  std::mutex mutex;
  std::set<BpuMemory*> blocks;
};

Blocks& LiveBlocks() {
  static auto* blocks = new Blocks;
  return *blocks;
}

}  // namespace

BpuMemory::BpuMemory(std::shared_ptr<const Library> library, uint32_t size) : library_(std::move(library)) {
  Blocks& blocks = LiveBlocks();
  const std::lock_guard<std::mutex> lock(blocks.mutex);
  // Insert into the set first, because that may throw.
  const auto place = blocks.blocks.insert(this).first;
  const int32_t status = library_->hbSysAllocCachedMem(&memory_, size);
  if (status == HB_SYS_SUCCESS) return;
  blocks.blocks.erase(place);
  throw StatusFailure("hbSysAllocCachedMem to give BPU memory", status);
}

void BpuMemory::Free() {
  Blocks& blocks = LiveBlocks();
  const std::lock_guard<std::mutex> lock(blocks.mutex);
  if (blocks.blocks.erase(this) > 0 && !quarantined_) library_->hbSysFreeMem(&memory_);
}

void BpuMemory::SetQuarantined(bool quarantined) {
  const std::lock_guard<std::mutex> lock(LiveBlocks().mutex);
  quarantined_ = quarantined;
}

void BpuMemory::FreeAll() {
  Blocks& blocks = LiveBlocks();
  const std::lock_guard<std::mutex> lock(blocks.mutex);
  for (BpuMemory* memory : blocks.blocks) {
    if (!memory->quarantined_) memory->library_->hbSysFreeMem(&memory->memory_);
  }
  blocks.blocks.clear();
}

}  // namespace bpu
