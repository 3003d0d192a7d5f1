#include "emulator/memory.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>

namespace emulator {
namespace {

constexpr uint64_t kPage = 4096;
/** No board has more BPU memory. */
constexpr uint32_t kMaxBytes = 1u << 30;
/** Initial contents of the two sides; different, so that a missing flush is always noticed. */
constexpr uint8_t kCpuJunk = 0xa5;
constexpr uint8_t kDeviceJunk = 0x5a;
/** What a released task writes late. */
constexpr uint8_t kLateJunk = 0x3c;

}  // namespace

Block::Block(uint64_t physical, uint32_t size, bool cached)
    : physical_(physical),
      size_(size),
      cached_(cached),
      // A multiple of 64 and no more, so that AddressSanitizer and valgrind detect reads beyond it.
      cpu_(static_cast<uint8_t*>(std::aligned_alloc(64, (size_t{size} + 63) / 64 * 64))) {
  if (!cpu_) throw std::bad_alloc();
  std::memset(cpu_, kCpuJunk, size_);
}

Block::~Block() { std::free(cpu_); }

void Block::Clean() {
  if (!cached_) return;
  const std::lock_guard<std::mutex> lock(mutex_);
  device_.assign(cpu_, cpu_ + size_);
  written_ = nullptr;
  owner_.reset();
}

void Block::Invalidate() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!cached_) return;
  if (written_) {
    std::memcpy(cpu_, written_, written_bytes_);
  } else if (!device_.empty()) {
    std::memcpy(cpu_, device_.data(), size_);
  } else {
    std::memset(cpu_, kDeviceJunk, size_);
  }
}

const uint8_t* Block::DeviceRead() {
  if (!cached_) return cpu_;
  const std::lock_guard<std::mutex> lock(mutex_);
  if (device_.empty()) device_.assign(size_, kDeviceJunk);
  return device_.data();
}

void Block::DeviceWrite(const uint8_t* data, uint32_t bytes, std::shared_ptr<const void> owner) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!cached_) {
    std::memcpy(cpu_, data, bytes);
    return;
  }
  written_ = data;
  written_bytes_ = bytes;
  owner_ = std::move(owner);
}

void Block::WriteLate() {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::memset(cpu_, kLateJunk, size_);
  device_.assign(size_, kLateJunk);
  written_ = nullptr;
  owner_.reset();
}

int32_t Allocator::Allocate(hbSysMem* memory, uint32_t size, bool cached) {
  if (!memory || size == 0) return HB_SYS_INVALID_ARGUMENT;
  if (size > kMaxBytes) return HB_SYS_OUT_OF_MEMORY;
  const std::lock_guard<std::mutex> lock(mutex_);
  std::shared_ptr<Block> block;
  try {
    block = std::make_shared<Block>(next_physical_, size, cached);
  } catch (const std::bad_alloc&) {
    return HB_SYS_OUT_OF_MEMORY;
  }
  next_physical_ += (size + kPage) / kPage * kPage;
  *memory = {block->physical(), block->cpu(), size};
  blocks_[block->physical()] = std::move(block);
  return HB_SYS_SUCCESS;
}

int32_t Allocator::Free(hbSysMem* memory) {
  const auto block = memory ? Find(*memory) : nullptr;
  if (!block || !CheckUnused(*block, "hbSysFreeMem")) return HB_SYS_INVALID_ARGUMENT;
  const std::lock_guard<std::mutex> lock(mutex_);
  block->freed = true;
  blocks_.erase(block->physical());
  return HB_SYS_SUCCESS;
}

int32_t Allocator::Flush(const hbSysMem* memory, int32_t flag) {
  const auto block = memory ? Find(*memory) : nullptr;
  if (!block) return HB_SYS_INVALID_ARGUMENT;
  if (!CheckUnused(*block, "hbSysFlushMem")) return HB_SYS_INVALID_ARGUMENT;
  switch (flag) {
    case HB_SYS_MEM_CACHE_CLEAN:
      block->Clean();
      return HB_SYS_SUCCESS;
    case HB_SYS_MEM_CACHE_INVALIDATE:
      block->Invalidate();
      return HB_SYS_SUCCESS;
    default:
      return HB_SYS_INVALID_ARGUMENT;
  }
}

std::shared_ptr<Block> Allocator::Find(const hbSysMem& memory) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = blocks_.find(memory.phyAddr);
  if (found == blocks_.end()) return nullptr;
  const auto& block = found->second;
  if (memory.virAddr != block->cpu() || memory.memSize > block->size()) return nullptr;
  return block;
}

uint64_t Allocator::blocks() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return blocks_.size();
}

/** On a board this would occasionally corrupt a frame; here it always fails. */
bool Allocator::CheckUnused(Block& block, const char* call) {
  if (block.tasks == 0) return true;
  block.disturbed = true;
  violations_++;
  std::fprintf(stderr, "[emulator] %s of memory that the BPU is working on\n", call);
  return false;
}

}  // namespace emulator
