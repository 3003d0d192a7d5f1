#include "nv12/color.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "nv12/color_rows.h"

namespace nv12 {
namespace {

/** Chroma of one luma row at full width. Working memory lives as long as its thread: no allocation per frame.
 */
class ChromaRow {
 public:
  void Resize(int width) {
    const auto size = static_cast<size_t>(width);
    blended_.resize(size + 4);
    u_.resize(size);
    v_.resize(size);
  }

  /** Upsamples for luma row `y`: between its own chroma row and the next above (even y) or below (odd y). */
  void Upsample(const Source& source, int y) {
    const auto width = static_cast<size_t>(source.width);
    const int near = y / 2;
    const int far = std::clamp(y % 2 == 0 ? near - 1 : near + 1, 0, source.height / 2 - 1);
    int16_t* row = blended_.data() + 2;
    BlendChromaRows(source.ChromaRow(near), source.ChromaRow(far), width, row);
    // Beyond the edges the picture goes on as it ends.
    std::copy_n(row, 2, row - 2);
    std::copy_n(row + width - 2, 2, row + width);
    SpreadChroma(row, width / 2, u_.data(), v_.data());
  }

  const int16_t* u() const { return u_.data(); }
  const int16_t* v() const { return v_.data(); }

 private:
  std::vector<int16_t> blended_;
  std::vector<int16_t> u_;
  std::vector<int16_t> v_;
};

ChromaRow& ChromaRowOfThread(int width) {
  thread_local ChromaRow row;
  row.Resize(width);
  return row;
}

}  // namespace

void ToPlanarFloat(const Source& source, Range range, float* planes) {
  ChromaRow& chroma = ChromaRowOfThread(source.width);
  const auto width = static_cast<size_t>(source.width);
  const size_t plane = width * static_cast<size_t>(source.height);
  for (int y = 0; y < source.height; y++) {
    chroma.Upsample(source, y);
    float* row = planes + width * static_cast<size_t>(y);
    ToPlanarFloat(source.LumaRow(y), chroma.u(), chroma.v(), width, ToRgbOf(range), row, row + plane,
                  row + 2 * plane);
  }
}

void ToRgb8(const Source& source, Range range, uint8_t* rgb) {
  ChromaRow& chroma = ChromaRowOfThread(source.width);
  const auto width = static_cast<size_t>(source.width);
  for (int y = 0; y < source.height; y++) {
    chroma.Upsample(source, y);
    ToInterleaved(source.LumaRow(y), chroma.u(), chroma.v(), width, ToRgbOf(range),
                  rgb + 3 * width * static_cast<size_t>(y));
  }
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
