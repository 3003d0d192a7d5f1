#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "bpu/hbdnn_abi.h"

/**
 * Memory that is not cache-coherent, as on the boards: CPU and BPU each have their own copy of a block. The
 * BPU sees CPU writes after CLEAN, and the CPU sees BPU writes after INVALIDATE. Until then each sees the old
 * contents, initially junk.
 */
namespace emulator {

class Block {
 public:
  Block(uint64_t physical, uint32_t size, bool cached);
  ~Block();
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;

  /** Copies from the CPU's side to the BPU's. */
  void Clean();
  /** Copies from the BPU's side to the CPU's. CPU writes that were not cleaned are lost. */
  void Invalidate();
  /** The BPU writes `bytes` from `data`, which `owner` keeps alive. Nothing is copied before Invalidate. */
  void DeviceWrite(const uint8_t* data, uint32_t bytes, std::shared_ptr<const void> owner);
  /**
   * A late write that nobody waits for. It changes the CPU's side at once, because a cache may drop its lines
   * at any time.
   */
  void WriteLate();
  /** The BPU's side. The caller's task must hold the block. */
  const uint8_t* DeviceRead();

  uint8_t* cpu() const { return cpu_; }
  uint64_t physical() const { return physical_; }
  uint32_t size() const { return size_; }

  /** Unfinished tasks that use the block. Accessing it in the meantime sets `disturbed`. */
  std::atomic<int> tasks{0};
  std::atomic<bool> disturbed{false};
  /** Freed; the memory may already be in use again. */
  std::atomic<bool> freed{false};

 private:
  const uint64_t physical_;
  const uint32_t size_;
  const bool cached_;
  uint8_t* cpu_;
  std::mutex mutex_;
  std::vector<uint8_t> device_;
  const uint8_t* written_ = nullptr;
  uint32_t written_bytes_ = 0;
  std::shared_ptr<const void> owner_;
};

/** All allocated blocks. Thread-safe. */
class Allocator {
 public:
  int32_t Allocate(hbSysMem* memory, uint32_t size, bool cached);
  int32_t Free(hbSysMem* memory);
  int32_t Flush(const hbSysMem* memory, int32_t flag);
  /** @returns the block that `memory` describes exactly as allocated, or null */
  std::shared_ptr<Block> Find(const hbSysMem& memory);

  uint64_t blocks();
  uint64_t violations() const { return violations_; }

 private:
  bool CheckUnused(Block& block, const char* call);

  std::mutex mutex_;
  std::map<uint64_t, std::shared_ptr<Block>> blocks_;
  uint64_t next_physical_ = 0x100000000;
  std::atomic<uint64_t> violations_{0};
};

}  // namespace emulator
