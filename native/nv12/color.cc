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

void SwapChroma(const Target& picture) {
  const Kernels& kernels = ChosenKernels();
  for (int y = 0; y < picture.height / 2; y++) {
    kernels.swap_pairs_row(picture.ChromaRow(y), static_cast<size_t>(picture.width), picture.ChromaRow(y));
  }
}

}  // namespace nv12
