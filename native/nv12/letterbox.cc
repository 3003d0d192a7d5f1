#include "nv12/letterbox.h"

#include <cstring>

#include "nv12/kernels.h"

namespace nv12 {
namespace {

/** A plane of interleaved channels, or a rectangle of one. Width in pixels of `channels` bytes. */
template <typename Byte>
struct Plane {
  Byte* data;
  size_t stride;
  int width;
  int height;
  int channels;

  Byte* Row(int y) const { return data + stride * static_cast<size_t>(y); }
  size_t RowBytes() const { return static_cast<size_t>(width) * static_cast<size_t>(channels); }
  size_t Bytes() const { return RowBytes() * static_cast<size_t>(height); }
  bool IsPacked() const { return stride == RowBytes(); }
};

void CopyPlane(const Plane<const uint8_t>& source, const Plane<uint8_t>& target) {
  if (source.IsPacked() && target.IsPacked()) {
    std::memcpy(target.data, source.data, source.Bytes());
    return;
  }
  for (int y = 0; y < source.height; y++) std::memcpy(target.Row(y), source.Row(y), source.RowBytes());
}

void FillPlane(const Plane<uint8_t>& plane, uint8_t value) {
  if (plane.width == 0) return;
  if (plane.IsPacked()) {
    std::memset(plane.data, value, plane.Bytes());
    return;
  }
  for (int y = 0; y < plane.height; y++) std::memset(plane.Row(y), value, plane.RowBytes());
}

void ScalePlane(const Plane<const uint8_t>& source, const Plane<uint8_t>& target, const Kernels& kernels,
                ColumnTables& tables) {
  const bool same_width = source.width == target.width;
  if (same_width && source.height == target.height) {
    CopyPlane(source, target);
    return;
  }
  const Columns& columns = tables.For(source.width, target.width, source.channels);
  for (int y = 0; y < target.height; y++) {
    const Tap tap = TapOf(y, source.height, target.height);
    const uint8_t* above = source.Row(tap.index);
    const uint8_t* below = tap.weight == 0 ? above : above + source.stride;
    if (same_width && tap.weight == 0) {
      std::memcpy(target.Row(y), above, source.RowBytes());
    } else {
      kernels.scale_row(above, below, tap.weight, columns, target.Row(y));
    }
  }
}

/** Scales `source` to the rectangle of `target` and fills the rest with `pad`. */
void LetterboxPlane(const Plane<const uint8_t>& source, const Content& rectangle,
                    const Plane<uint8_t>& target, uint8_t pad, const Kernels& kernels, ColumnTables& tables) {
  const auto part = [&target](int left, int top, int right, int bottom) {
    return Plane<uint8_t>{target.Row(top) + static_cast<size_t>(left) * static_cast<size_t>(target.channels),
                          target.stride, right - left, bottom - top, target.channels};
  };
  const int right = rectangle.left + rectangle.width;
  const int bottom = rectangle.top + rectangle.height;
  FillPlane(part(0, 0, target.width, rectangle.top), pad);
  FillPlane(part(0, rectangle.top, rectangle.left, bottom), pad);
  ScalePlane(source, part(rectangle.left, rectangle.top, right, bottom), kernels, tables);
  FillPlane(part(right, rectangle.top, target.width, bottom), pad);
  FillPlane(part(0, bottom, target.width, target.height), pad);
}

}  // namespace

void Letterbox(const Source& source, const Content& content, const Target& target) {
  Letterbox(source, content, target, ChosenKernels());
}

void Letterbox(const Source& source, const Content& content, const Target& target, const Kernels& kernels) {
  thread_local ColumnTables tables;

  LetterboxPlane({source.luma, source.luma_stride, source.width, source.height, 1}, content,
                 {target.luma, target.luma_stride, target.width, target.height, 1}, kPadLuma, kernels,
                 tables);
  const Content half = {content.left / 2, content.top / 2, content.width / 2, content.height / 2};
  LetterboxPlane({source.chroma, source.chroma_stride, source.width / 2, source.height / 2, 2}, half,
                 {target.chroma, target.chroma_stride, target.width / 2, target.height / 2, 2}, kPadChroma,
                 kernels, tables);
}

}  // namespace nv12
