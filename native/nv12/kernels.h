#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "nv12/color_rows.h"
#include "nv12/scale_rows.h"

namespace nv12 {

/**
 * The inner loops, one set per instruction set. All give identical bytes (and identical bits for floats). The
 * arithmetic is defined in scale_rows.h and color_rows.h, whose portable functions are the reference.
 *
 * They accept every width that those headers allow and any alignment, and access no byte outside the given
 * rows.
 */
struct Kernels {
  /** The name in TROS_YOLO_SEG_SIMD. */
  const char* name;

  /** See ScaleRow() in scale_rows.h and the functions with these names in color_rows.h. */
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

/** The kernels that run on this machine, fastest first; the portable ones are last. */
const std::vector<const Kernels*>& UsableKernels();

/**
 * The kernels in use: the fastest, or those named by the environment variable TROS_YOLO_SEG_SIMD. An unusable
 * name is reported on stderr.
 */
const Kernels& ChosenKernels();

/**
 * Selects other kernels from now on, for tests and benchmarks. @returns false when none with this name run
 * here
 */
bool ChooseKernels(const std::string& name);

}  // namespace nv12
