#pragma once

#include <cstdint>
#include <vector>

#include "jpeg/library.h"
#include "nv12/picture.h"

namespace jpeg {

/** What is compressed: `width` x `height` pixels of `source`, from its upper left corner. */
struct Picture {
  nv12::Source source;
  int width;
  int height;
  nv12::Range range;
};

/**
 * Compresses NV12 to JPEG files (JFIF), 4:2:0. JFIF's YCbCr is BT.601 of full range, as NV12's, so pixels of
 * that range are only compressed, never converted. Keeps the memory of its largest picture, some 5 bytes a
 * pixel; for one thread at a time.
 */
class Encoder {
 public:
  /** Throws Failure if the library cannot begin. */
  explicit Encoder(const Library& library);
  ~Encoder();
  Encoder(const Encoder&) = delete;
  Encoder& operator=(const Encoder&) = delete;

  /**
   * @param quality 1 to 100
   * @returns the file. Throws Failure for what the library refuses
   */
  std::vector<uint8_t> Encode(const Picture& picture, int quality);

 private:
  const Library& library_;
  const TurboHandle handle_;
  std::vector<uint8_t> luma_;
  std::vector<uint8_t> u_;
  std::vector<uint8_t> v_;
  std::vector<uint8_t> file_;
};

}  // namespace jpeg
