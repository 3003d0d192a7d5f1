#include "camera/pixel_pool.h"

#include <cstring>

namespace camera {
namespace {

void CopyRows(const uint8_t* from, size_t from_stride, uint8_t* to, size_t to_stride, size_t width,
              int rows) {
  if (from_stride == width && to_stride == width) {
    std::memcpy(to, from, width * static_cast<size_t>(rows));
    return;
  }
  for (int y = 0; y < rows; y++, from += from_stride, to += to_stride) std::memcpy(to, from, width);
}

}  // namespace

std::shared_ptr<PixelBuffer> PixelPool::Lend(size_t bytes, int max_lent) {
  std::unique_ptr<PixelBuffer> pixels;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (lent_ >= max_lent) return nullptr;
    // Reserve room for all buffers: Return() runs in a deleter and must not allocate.
    free_.reserve(static_cast<size_t>(max_lent));
    if (!free_.empty()) {
      pixels = std::move(free_.back());
      free_.pop_back();
    }
    lent_++;
  }
  try {
    // Drop a smaller buffer: the camera's size has changed.
    if (!pixels || pixels->capacity() < bytes) pixels = std::make_unique<PixelBuffer>(bytes);
  } catch (...) {
    const std::lock_guard<std::mutex> lock(mutex_);
    lent_--;
    throw;
  }
  // If shared_ptr cannot allocate, it calls the deleter, which returns the buffer.
  const std::weak_ptr<PixelPool> pool = weak_from_this();
  return {pixels.release(), [pool](PixelBuffer* returned) {
            if (const auto home = pool.lock())
              home->Return(returned);
            else
              delete returned;
          }};
}

void PixelPool::Return(PixelBuffer* pixels) {
  std::unique_ptr<PixelBuffer> owned(pixels);
  const std::lock_guard<std::mutex> lock(mutex_);
  lent_--;
  free_.push_back(std::move(owned));
}

void CopyPixels(const nv12::Source& source, const nv12::Target& target) {
  const auto width = static_cast<size_t>(source.width);
  CopyRows(source.luma, source.luma_stride, target.luma, target.luma_stride, width, source.height);
  CopyRows(source.chroma, source.chroma_stride, target.chroma, target.chroma_stride, width,
           source.height / 2);
}

}  // namespace camera
