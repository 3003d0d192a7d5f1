#include "nv12/color.h"

#include <cstring>

#include "nv12/kernels.h"

namespace nv12 {

void ToPlanarFloat(const Source& source, Range range, float* planes) {
  ToPlanarFloat(source, range, planes, ChosenKernels());
}

void ToPlanarFloat(const Source& source, Range range, float* planes, const Kernels& kernels) {
  const auto width = static_cast<size_t>(source.width);
  const size_t plane = width * static_cast<size_t>(source.height);
  for (int y = 0; y < source.height; y++) {
    float* row = planes + width * static_cast<size_t>(y);
    kernels.planar_float_row(source.LumaRow(y), source.ChromaRow(y / 2), width, ToRgbOf(range), row,
                             row + plane, row + 2 * plane);
  }
}

void ToRgb8(const Source& source, Range range, uint8_t* rgb) { ToRgb8(source, range, rgb, ChosenKernels()); }

void ToRgb8(const Source& source, Range range, uint8_t* rgb, const Kernels& kernels) {
  const auto width = static_cast<size_t>(source.width);
  for (int y = 0; y < source.height; y++) {
    kernels.rgb_row(source.LumaRow(y), source.ChromaRow(y / 2), width, ToRgbOf(range),
                    rgb + 3 * width * static_cast<size_t>(y));
  }
}

void FromInterleaved(const Interleaved& source, Range range, const Target& target) {
  FromInterleaved(source, range, target, ChosenKernels());
}

void FromInterleaved(const Interleaved& source, Range range, const Target& target, const Kernels& kernels) {
  const ToYuv& matrix = ToYuvOf(range);
  const auto width = static_cast<size_t>(source.width);
  if (source.format == Interleaved::Format::kMono) {
    for (int y = 0; y < source.height; y++) {
      // A grey of the full range is its own luma, to the bit: the row of the matrix sums to one.
      if (range == Range::kFull) {
        std::memcpy(target.LumaRow(y), source.Row(y), width);
      } else {
        kernels.luma_of_grey_row(source.Row(y), width, matrix, target.LumaRow(y));
      }
    }
    for (int y = 0; y < source.height / 2; y++) std::memset(target.ChromaRow(y), 128, width);
    return;
  }
  const int red = source.format == Interleaved::Format::kRgb ? 0 : 2;
  for (int y = 0; y < source.height; y += 2) {
    kernels.yuv_of_rgb_rows(source.Row(y), source.Row(y + 1), red, width, matrix, target.LumaRow(y),
                            target.LumaRow(y + 1), target.ChromaRow(y / 2));
  }
}

}  // namespace nv12
