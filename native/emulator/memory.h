#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "bpu/hbdnn_abi.h"

/**
 * Allocator that is not coherent, as on the boards: CPU and BPU each have their own picture of a block. The
 * BPU sees what the CPU wrote after CLEAN, the CPU sees what the BPU wrote after INVALIDATE, and until then
 * each sees what was there before (at first: junk).
 */
namespace emulator {

class Block {
 public:
  Block(uint64_t physical, uint32_t size, bool cached);
  ~Block();
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;

  /** CPU to BPU. */
  void Clean();
  /** BPU to CPU; what the CPU wrote and did not clean is lost. */
  void Invalidate();
  /** The BPU's side was written: `bytes` at `data`, which `owner` keeps. Nothing is copied before Invalidate.
   */
  void DeviceWrite(const uint8_t* data, uint32_t bytes, std::shared_ptr<const void> owner);
  /** As DeviceWrite, but nobody waits for it: the memory is another at once, as caches keep what they hold no
   * longer than they like. */
  void WriteLate();
  /** What the BPU sees. The caller holds the block by a task, so nobody frees it. */
  const uint8_t* DeviceRead();

  uint8_t* cpu() const { return cpu_; }
  uint64_t physical() const { return physical_; }
  uint32_t size() const { return size_; }

  /** Tasks the BPU has not finished. Whoever touches the block meanwhile sets `disturbed`. */
  std::atomic<int> tasks{0};
  std::atomic<bool> disturbed{false};
  /** It may belong to somebody else by now. */
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

/** All blocks that are alive. Thread-safe. */
class Allocator {
 public:
  int32_t Allocate(hbSysMem* memory, uint32_t size, bool cached);
  int32_t Free(hbSysMem* memory);
  int32_t Flush(const hbSysMem* memory, int32_t flag);
  /** @returns null unless `memory` is a block that is alive, described as it was allocated */
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
