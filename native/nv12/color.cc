#include "nv12/color.h"

#include <cstring>
#include <vector>

#include "nv12/color_rows.h"

namespace nv12 {
namespace {

/** Chroma of two luma rows at full width. Lives as long as its thread: no allocation once a size was seen. */
struct ChromaRow {
  std::vector<int16_t> u;
  std::vector<int16_t> v;
};

/** Calls `convert(y, u, v)` for every luma row with its chroma. */
template <typename Convert>
void ForEachRow(const Source& source, Convert convert) {
  thread_local ChromaRow chroma;
  const auto width = static_cast<size_t>(source.width);
  chroma.u.resize(width);
  chroma.v.resize(width);
  for (int y = 0; y < source.height; y += 2) {
    SpreadChroma(source.ChromaRow(y / 2), width / 2, chroma.u.data(), chroma.v.data());
    convert(y, chroma.u.data(), chroma.v.data());
    convert(y + 1, chroma.u.data(), chroma.v.data());
  }
}

}  // namespace

void ToPlanarFloat(const Source& source, Range range, float* planes) {
  const auto width = static_cast<size_t>(source.width);
  const size_t plane = width * static_cast<size_t>(source.height);
  ForEachRow(source, [&](int y, const int16_t* u, const int16_t* v) {
    float* row = planes + width * static_cast<size_t>(y);
    ToPlanarFloat(source.LumaRow(y), u, v, width, ToRgbOf(range), row, row + plane, row + 2 * plane);
  });
}

void ToRgb8(const Source& source, Range range, uint8_t* rgb) {
  const auto width = static_cast<size_t>(source.width);
  ForEachRow(source, [&](int y, const int16_t* u, const int16_t* v) {
    ToInterleaved(source.LumaRow(y), u, v, width, ToRgbOf(range), rgb + 3 * width * static_cast<size_t>(y));
  });
}

void FromInterleaved(const Interleaved& source, Range range, const Target& target) {
  const ToYuv& matrix = ToYuvOf(range);
  const auto width = static_cast<size_t>(source.width);
  if (source.format == Interleaved::Format::kMono) {
    for (int y = 0; y < source.height; y++) LumaOfGrey(source.Row(y), width, matrix, target.LumaRow(y));
    for (int y = 0; y < source.height / 2; y++) std::memset(target.ChromaRow(y), 128, width);
    return;
  }
  const int red = source.format == Interleaved::Format::kRgb ? 0 : 2;
  for (int y = 0; y < source.height; y++) LumaOfRgb(source.Row(y), red, width, matrix, target.LumaRow(y));
  for (int y = 0; y < source.height / 2; y++) {
    ChromaOfRgb(source.Row(2 * y), source.Row(2 * y + 1), red, width / 2, matrix, target.ChromaRow(y));
  }
}

}  // namespace nv12
