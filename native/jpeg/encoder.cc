#include "jpeg/encoder.h"

#include <algorithm>

#include "failure.h"

namespace jpeg {
namespace {

/** 255 / 219 and 255 / 224 of BT.601's limited range, as fixed-point numbers of 16 bits. */
constexpr int kLumaScale = 76309;
constexpr int kChromaScale = 74606;
constexpr int kHalf = 1 << 15;

uint8_t Clamp(int value) { return static_cast<uint8_t>(std::min(255, std::max(0, value))); }

uint8_t FullLuma(uint8_t limited) { return Clamp(((limited - 16) * kLumaScale + kHalf) >> 16); }

uint8_t FullChroma(uint8_t limited) { return Clamp((((limited - 128) * kChromaScale + kHalf) >> 16) + 128); }

uint8_t Same(uint8_t full) { return full; }

/** Separates U, V pairs. */
template <typename Convert>
void Split(const nv12::Source& source, Convert convert, uint8_t* u, uint8_t* v) {
  const size_t pairs = static_cast<size_t>(source.width / 2);
  for (int y = 0; y < source.height / 2; y++, u += pairs, v += pairs) {
    const uint8_t* row = source.ChromaRow(y);
    for (size_t x = 0; x < pairs; x++) {
      u[x] = convert(row[2 * x]);
      v[x] = convert(row[2 * x + 1]);
    }
  }
}

}  // namespace

Encoder::Encoder(const Library& library) : library_(library), handle_(library.init()) {
  if (!handle_) throw Failure("libturbojpeg to begin", library.error(nullptr), "Free some memory.");
}

Encoder::~Encoder() { library_.destroy(handle_); }

std::vector<uint8_t> Encoder::Encode(const Picture& picture, int quality) {
  const auto& [source, width, height, range] = picture;
  const size_t pairs = static_cast<size_t>(source.width / 2) * static_cast<size_t>(source.height / 2);
  u_.resize(pairs);
  v_.resize(pairs);
  const uint8_t* luma = source.luma;
  int stride = static_cast<int>(source.luma_stride);
  if (range == nv12::Range::kFull) {
    Split(source, Same, u_.data(), v_.data());
  } else {
    Split(source, FullChroma, u_.data(), v_.data());
    luma_.resize(static_cast<size_t>(source.width) * static_cast<size_t>(source.height));
    for (int y = 0; y < source.height; y++) {
      const uint8_t* row = source.LumaRow(y);
      std::transform(row, row + source.width, luma_.data() + static_cast<size_t>(y) * source.width, FullLuma);
    }
    luma = luma_.data();
    stride = source.width;
  }
  const unsigned char* planes[] = {luma, u_.data(), v_.data()};
  const int strides[] = {stride, source.width / 2, source.width / 2};
  unsigned long bytes = library_.buffer_size(width, height, kSamp420);
  if (file_.size() < bytes) file_.resize(bytes);
  unsigned char* file = file_.data();
  const int flags = kNoReallocation | kAccurateDct;
  if (library_.compress(handle_, planes, width, strides, height, kSamp420, &file, &bytes, quality, flags) !=
      0)
    throw Failure("a picture that libturbojpeg compresses", library_.error(handle_),
                  "Use a smaller picture.");
  return {file, file + bytes};
}

}  // namespace jpeg
