#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "nv12/color_rows.h"
#include "nv12/scale_rows.h"

namespace nv12 {

/**
 * The inner loops, once for each instruction set. All give the same bytes (and the same bits of floats): the
 * arithmetic is defined in scale_rows.h and color_rows.h, whose portable functions are the reference.
 *
 * They take any width that the headers allow and any alignment, and touch no byte outside the rows they are
 * given.
 */
struct Kernels {
  /** As TROS_YOLO_SEG_SIMD spells it. */
  const char* name;

  /** See ScaleRow() in scale_rows.h, and the functions of these names in color_rows.h. */
  decltype(&portable::ScaleRow) scale_row;
  decltype(&portable::YuvOfRgbRows) yuv_of_rgb_rows;
  decltype(&portable::YuvOfRgbaRows) yuv_of_rgba_rows;
  decltype(&portable::YuvOf422Rows) yuv_of_422_rows;
  decltype(&portable::SwapPairsRow) swap_pairs_row;
  decltype(&portable::LumaOfGrayRow) luma_of_gray_row;
  decltype(&portable::PlanarFloatRow) planar_float_row;
  decltype(&portable::RgbRow) rgb_row;
};

extern const Kernels kPortableKernels;
extern const Kernels kSsse3Kernels;
extern const Kernels kAvx2Kernels;
extern const Kernels kNeonKernels;

/** The kernels that run on this machine, fastest first; the last are the portable ones. */
const std::vector<const Kernels*>& UsableKernels();

/** The kernels in use: the fastest, or those that TROS_YOLO_SEG_SIMD in the environment names. A name that
 * does not run here is said on stderr. */
const Kernels& ChosenKernels();

/** Uses other kernels from now on; false where none of this name run here. For tests and measurements. */
bool ChooseKernels(const std::string& name);

}  // namespace nv12
