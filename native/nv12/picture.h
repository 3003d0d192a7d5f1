#pragma once

#include <cstddef>
#include <cstdint>

/** Pictures as plain views on memory. Whoever makes one vouches that every row lies within its buffer. */
namespace nv12 {

/** Widest and tallest picture; the kernels' 16-bit column indices rely on it. Same as MAX_DIMENSION in
 * nv12-frame.ts. */
constexpr int kMaxDimension = 16384;

/** An NV12 picture: `height` rows of luma, `height / 2` rows of U, V pairs. Width and height are even, at
 * least 2. */
template <typename Byte>
struct BasicPicture {
  int width;
  int height;
  Byte* luma;
  Byte* chroma;
  /** Bytes from one row to the next. */
  size_t luma_stride;
  size_t chroma_stride;

  Byte* LumaRow(int y) const { return luma + luma_stride * static_cast<size_t>(y); }
  Byte* ChromaRow(int y) const { return chroma + chroma_stride * static_cast<size_t>(y); }
};

using Source = BasicPicture<const uint8_t>;
using Target = BasicPicture<uint8_t>;

inline Source AsSource(const Target& target) {
  return {target.width, target.height, target.luma, target.chroma, target.luma_stride, target.chroma_stride};
}

/** Where the scaled picture lies within the model's input; all four even. */
struct Content {
  int left;
  int top;
  int width;
  int height;
};

/** A picture of interleaved 8-bit channels: three (rgb8, bgr8) or one (mono8). Width and height are even. */
struct Interleaved {
  enum class Format { kRgb, kBgr, kMono };

  int width;
  int height;
  const uint8_t* data;
  size_t stride;
  Format format;

  const uint8_t* Row(int y) const { return data + stride * static_cast<size_t>(y); }
};

/** What 8-bit luma and chroma codes mean: 0..255, or 16..235 and 16..240. */
enum class Range { kFull, kLimited };

}  // namespace nv12
