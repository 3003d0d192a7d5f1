#pragma once

#include <cstddef>
#include <cstdint>

/** Pictures as plain views of memory. Their creator guarantees that every row lies within its buffer. */
namespace nv12 {

/**
 * Maximum width and height; the kernels' 16-bit column indices rely on it. Same as MAX_DIMENSION in
 * nv12-frame.ts.
 */
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

/** The rectangle of the scaled picture within the model's input; all four are even. */
struct Content {
  int left;
  int top;
  int width;
  int height;
};

/**
 * A picture with packed samples, of any size. An odd size is rounded up in the frame made from it, repeating
 * the last column or row. Only the YUV 4:2:2 formats require an even width.
 */
struct PackedImage {
  enum class Format { kRgb, kBgr, kRgba, kBgra, kMono, kMono16, kYuyv, kUyvy };

  int width;
  int height;
  const uint8_t* data;
  size_t stride;
  Format format;
  /** For kMono16: the value that is white, 1 to 65535. Larger values are white, too. */
  uint32_t white = 65535;
  /** For kMono16: whether the high byte comes first. */
  bool big_endian = false;

  const uint8_t* Row(int y) const { return data + stride * static_cast<size_t>(y); }
};

constexpr int BytesPerPixel(PackedImage::Format format) {
  using Format = PackedImage::Format;
  switch (format) {
    case Format::kRgba:
    case Format::kBgra:
      return 4;
    case Format::kMono:
      return 1;
    case Format::kMono16:
    case Format::kYuyv:
    case Format::kUyvy:
      return 2;
    default:
      return 3;
  }
}

/** Width or height of the frame that holds this many pixels: NV12 sizes are even. */
constexpr int EvenSize(int pixels) { return pixels + pixels % 2; }

/** YUV 4:2:0 whose chroma is not in U, V pairs: two planes (I420, YV12) or V, U pairs (NV21). Even sizes. */
struct PlanarImage {
  int width;
  int height;
  const uint8_t* luma;
  const uint8_t* u;
  const uint8_t* v;
  size_t luma_stride;
  size_t chroma_stride;
  /** Bytes between adjacent U samples: 1 or 2. */
  size_t chroma_step;
};

/** Range of 8-bit luma and chroma: 0..255, or 16..235 and 16..240. */
enum class Range { kFull, kLimited };

}  // namespace nv12
