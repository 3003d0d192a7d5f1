#include "bpu/memory.h"

#include <mutex>
#include <set>

namespace bpu {
namespace {

/** Blocks that are to be freed. Never destroyed: the handler at exit needs them whatever was destroyed
 * before. */
struct Blocks {
  std::mutex mutex;
  std::set<Memory*> owed;
};

Blocks& TheBlocks() {
  static auto* blocks = new Blocks;
  return *blocks;
}

}  // namespace

Memory::Memory(std::shared_ptr<const Library> library, uint32_t size) : library_(std::move(library)) {
  Blocks& blocks = TheBlocks();
  const std::lock_guard<std::mutex> lock(blocks.mutex);
  // First the place in the set, which may find no memory.
  const auto place = blocks.owed.insert(this).first;
  const int32_t status = library_->hbSysAllocCachedMem(&memory_, size);
  if (status == HB_SYS_SUCCESS) return;
  blocks.owed.erase(place);
  throw StatusFailure("hbSysAllocCachedMem to give BPU memory", status);
}

void Memory::Free() {
  Blocks& blocks = TheBlocks();
  const std::lock_guard<std::mutex> lock(blocks.mutex);
  if (blocks.owed.erase(this) > 0 && !kept_) library_->hbSysFreeMem(&memory_);
}

void Memory::Keep(bool kept) {
  const std::lock_guard<std::mutex> lock(TheBlocks().mutex);
  kept_ = kept;
}

void Memory::FreeAll() {
  Blocks& blocks = TheBlocks();
  const std::lock_guard<std::mutex> lock(blocks.mutex);
  for (Memory* memory : blocks.owed) {
    if (!memory->kept_) memory->library_->hbSysFreeMem(&memory->memory_);
  }
  blocks.owed.clear();
}

}  // namespace bpu
