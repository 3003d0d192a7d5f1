#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "counted.h"
#include "nv12/picture.h"

namespace camera {

/** A buffer for a packed NV12 picture. */
class PixelBuffer : public Counted<PixelBuffer> {
 public:
  explicit PixelBuffer(size_t bytes) : capacity_(bytes), bytes_(new uint8_t[bytes]) {}

  size_t capacity() const { return capacity_; }
  uint8_t* data() const { return bytes_.get(); }
  static size_t BytesFor(int width, int height) {
    return static_cast<size_t>(width) * static_cast<size_t>(height) * 3 / 2;
  }
  nv12::Target View(int width, int height) const {
    const auto stride = static_cast<size_t>(width);
    return {width, height, data(), data() + stride * static_cast<size_t>(height), stride, stride};
  }

 private:
  const size_t capacity_;
  const std::unique_ptr<uint8_t[]> bytes_;
};

/** Lends buffers, which return to the pool when their last owner releases them, on any thread. */
class PixelPool : public std::enable_shared_from_this<PixelPool> {
 public:
  /** @returns null when `max_lent` buffers are lent already @throws std::bad_alloc */
  std::shared_ptr<PixelBuffer> Lend(size_t bytes, int max_lent);

 private:
  void Return(PixelBuffer* pixels);

  std::mutex mutex_;
  int lent_ = 0;
  std::vector<std::unique_ptr<PixelBuffer>> free_;
};

/** Copies the rows without their padding. */
void CopyPixels(const nv12::Source& source, const nv12::Target& target);

}  // namespace camera
