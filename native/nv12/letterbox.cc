#include "nv12/letterbox.h"

#include <cstring>
#include <vector>

#include "nv12/scale_rows.h"

namespace nv12 {
namespace {

/** Working memory of one plane's scaling. Lives as long as its thread: no allocation once a size was seen. */
struct Scratch {
  std::vector<Tap> columns;
  std::vector<uint16_t> row;
};

/** A plane of `Channels` interleaved bytes a pixel, source or content of the target. */
struct Scaling {
  const uint8_t* source;
  size_t source_stride;
  int source_width;
  int source_height;
  uint8_t* target;
  size_t target_stride;
  int target_width;
  int target_height;
};

template <int Channels>
void ScalePlane(const Scaling& plane, Scratch& scratch) {
  const size_t source_bytes = static_cast<size_t>(plane.source_width) * Channels;
  const size_t width = static_cast<size_t>(plane.target_width);
  const bool same_width = plane.source_width == plane.target_width;

  scratch.columns.resize(width);
  for (size_t x = 0; x < width; x++) {
    scratch.columns[x] = TapOf(static_cast<int>(x), plane.source_width, plane.target_width);
  }
  scratch.row.resize(source_bytes + Channels);  // one pixel more, for the taps on the last

  for (int y = 0; y < plane.target_height; y++) {
    const Tap tap = TapOf(y, plane.source_height, plane.target_height);
    const uint8_t* above = plane.source + plane.source_stride * tap.index;
    const uint8_t* below = tap.weight == 0 ? above : above + plane.source_stride;
    uint8_t* out = plane.target + plane.target_stride * static_cast<size_t>(y);
    if (same_width && tap.weight == 0) {
      std::memcpy(out, above, source_bytes);
      continue;
    }
    BlendRows(above, below, tap.weight, source_bytes, scratch.row.data());
    if constexpr (Channels == 1) PickLuma(scratch.row.data(), scratch.columns.data(), width, out);
    if constexpr (Channels == 2) PickChroma(scratch.row.data(), scratch.columns.data(), width, out);
  }
}

/** Fills what `content` leaves of a plane that is `width` bytes wide; left, inner in bytes, top, rows in
 * rows. */
void PadPlane(uint8_t* plane, size_t stride, size_t width, int height, size_t left, size_t inner, int top,
              int rows, uint8_t value) {
  for (int y = 0; y < height; y++) {
    uint8_t* row = plane + stride * static_cast<size_t>(y);
    if (y < top || y >= top + rows) {
      std::memset(row, value, width);
    } else {
      std::memset(row, value, left);
      std::memset(row + left + inner, value, width - left - inner);
    }
  }
}

}  // namespace

void Letterbox(const Source& source, const Content& content, const Target& target) {
  thread_local Scratch scratch;
  const auto left = static_cast<size_t>(content.left);
  const auto inner = static_cast<size_t>(content.width);
  const auto width = static_cast<size_t>(target.width);

  PadPlane(target.luma, target.luma_stride, width, target.height, left, inner, content.top, content.height,
           kPadLuma);
  PadPlane(target.chroma, target.chroma_stride, width, target.height / 2, left, inner, content.top / 2,
           content.height / 2, kPadChroma);

  // A chroma pair takes two bytes for two luma columns: the byte offset of a column is the same in both
  // planes.
  ScalePlane<1>({source.luma, source.luma_stride, source.width, source.height,
                 target.LumaRow(content.top) + left, target.luma_stride, content.width, content.height},
                scratch);
  ScalePlane<2>(
      {source.chroma, source.chroma_stride, source.width / 2, source.height / 2,
       target.ChromaRow(content.top / 2) + left, target.chroma_stride, content.width / 2, content.height / 2},
      scratch);
}

}  // namespace nv12
