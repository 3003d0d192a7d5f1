#include <algorithm>
#include <cstring>
#include <vector>

#include "nv12/color.h"
#include "nv12/kernels.h"

namespace nv12 {
namespace {

using Format = PackedImage::Format;

/** A source row of a pair; the last row of an odd height is used twice. */
const uint8_t* RowWithin(const PackedImage& source, int y) {
  return source.Row(std::min(y, source.height - 1));
}

/**
 * Calls `convert(upper, lower, y, x, width)` for each pair of rows. The last column of an odd width is
 * converted separately, duplicated to two. `kBytes` per pixel.
 */
template <size_t kBytes, typename Convert>
void ForEachPairOfRows(const PackedImage& source, Convert convert) {
  const auto width = static_cast<size_t>(source.width);
  const size_t even = width - width % 2;
  for (int y = 0; y < source.height; y += 2) {
    const uint8_t* upper = RowWithin(source, y);
    const uint8_t* lower = RowWithin(source, y + 1);
    if (even > 0) convert(upper, lower, y, size_t{0}, even);
    if (even == width) continue;
    uint8_t columns[2][2 * kBytes];
    for (size_t i = 0; i < 2 * kBytes; i++) {
      columns[0][i] = upper[kBytes * even + i % kBytes];
      columns[1][i] = lower[kBytes * even + i % kBytes];
    }
    convert(columns[0], columns[1], y, even, size_t{2});
  }
}

template <size_t kBytes>
void FromColor(const PackedImage& source, int red, decltype(&portable::YuvOfRgbRows) rows,
               const ToYuv& matrix, const Target& target) {
  ForEachPairOfRows<kBytes>(source,
                            [&](const uint8_t* upper, const uint8_t* lower, int y, size_t x, size_t width) {
                              rows(upper, lower, red, width, matrix, target.LumaRow(y) + x,
                                   target.LumaRow(y + 1) + x, target.ChromaRow(y / 2) + x);
                            });
}

void From422(const PackedImage& source, const Target& target, const Kernels& kernels) {
  const size_t luma_at = source.format == Format::kYuyv ? 0 : 1;
  for (int y = 0; y < source.height; y += 2) {
    kernels.yuv_of_422_rows(RowWithin(source, y), RowWithin(source, y + 1), luma_at,
                            static_cast<size_t>(source.width), target.LumaRow(y), target.LumaRow(y + 1),
                            target.ChromaRow(y / 2));
  }
}

void FromGray(const PackedImage& source, Range range, const Target& target, const Kernels& kernels) {
  const auto width = static_cast<size_t>(source.width);
  const bool wide = source.format == Format::kMono16;
  // Needed only for 16-bit gray with limited range.
  std::vector<uint8_t> scratch(wide && range != Range::kFull ? width : 0);
  for (int y = 0; y < target.height; y++) {
    uint8_t* const luma = target.LumaRow(y);
    const uint8_t* row = RowWithin(source, y);
    if (wide) {
      uint8_t* const bytes = scratch.empty() ? luma : scratch.data();
      portable::GrayOf16Row(row, source.big_endian, source.white, width, bytes);
      row = bytes;
    }
    if (range != Range::kFull) {
      kernels.luma_of_gray_row(row, width, ToYuvOf(range), luma);
    } else if (!wide) {
      // Full-range gray equals its luma exactly, because the luma row of the matrix sums to one.
      std::memcpy(luma, row, width);
    }
    if (width % 2 != 0) luma[width] = luma[width - 1];
  }
  for (int y = 0; y < target.height / 2; y++) {
    std::memset(target.ChromaRow(y), 128, static_cast<size_t>(target.width));
  }
}

}  // namespace

void FromPacked(const PackedImage& source, Range range, const Target& target) {
  FromPacked(source, range, target, ChosenKernels());
}

void FromPacked(const PackedImage& source, Range range, const Target& target, const Kernels& kernels) {
  const ToYuv& matrix = ToYuvOf(range);
  switch (source.format) {
    case Format::kRgb:
      return FromColor<3>(source, 0, kernels.yuv_of_rgb_rows, matrix, target);
    case Format::kBgr:
      return FromColor<3>(source, 2, kernels.yuv_of_rgb_rows, matrix, target);
    case Format::kRgba:
      return FromColor<4>(source, 0, kernels.yuv_of_rgba_rows, matrix, target);
    case Format::kBgra:
      return FromColor<4>(source, 2, kernels.yuv_of_rgba_rows, matrix, target);
    case Format::kYuyv:
    case Format::kUyvy:
      return From422(source, target, kernels);
    case Format::kMono:
    case Format::kMono16:
      return FromGray(source, range, target, kernels);
  }
}

void FromPlanar(const PlanarImage& source, const Target& target) {
  FromPlanar(source, target, ChosenKernels());
}

void FromPlanar(const PlanarImage& source, const Target& target, const Kernels& kernels) {
  const auto width = static_cast<size_t>(source.width);
  for (int y = 0; y < source.height; y++) {
    std::memcpy(target.LumaRow(y), source.luma + source.luma_stride * static_cast<size_t>(y), width);
  }
  const bool pairs = source.chroma_step == 2 && source.u == source.v + 1;
  for (int y = 0; y < source.height / 2; y++) {
    const size_t at = source.chroma_stride * static_cast<size_t>(y);
    uint8_t* const out = target.ChromaRow(y);
    if (pairs) {
      kernels.swap_pairs_row(source.v + at, width, out);
      continue;
    }
    const uint8_t* __restrict u = source.u + at;
    const uint8_t* __restrict v = source.v + at;
    for (size_t x = 0; x < width / 2; x++) {
      out[2 * x] = u[source.chroma_step * x];
      out[2 * x + 1] = v[source.chroma_step * x];
    }
  }
}

}  // namespace nv12
