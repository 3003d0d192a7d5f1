#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "decode/head.h"

namespace decode {

/** The prototypes under a box, and the factors that combine them. */
struct Combination {
  /** One for each channel. */
  const float* factors;
  /** Added to each sum. */
  float bias;
  /** Prototype cells, inclusive. */
  int first_column;
  int last_column;
  int first_row;
  int last_row;

  size_t columns() const { return static_cast<size_t>(last_column - first_column) + 1; }
  size_t rows() const { return static_cast<size_t>(last_row - first_row) + 1; }
};

/**
 * The innermost loops, once for each instruction set. All give the same bits as the TypeScript forms, which
 * are the reference (src/vision/decode): sums are made in float32, without fused multiplication, in the order
 * written at Combine.
 *
 * They take any alignment and touch no byte outside the values they are given.
 */
struct Kernels {
  /** As TROS_YOLO_SEG_SIMD spells it. */
  const char* name;

  /** The index of the first value that is below the limit, or `count`. */
  size_t (*first_below_u32)(const uint32_t* values, size_t count, uint32_t limit);
  /** The index of the first value that is above the limit, or `count`. */
  size_t (*first_above_s32)(const int32_t* values, size_t count, int32_t limit);
  size_t (*first_above_s16)(const int16_t* values, size_t count, int16_t limit);
  size_t (*first_above_s8)(const int8_t* values, size_t count, int8_t limit);

  /**
   * The sums of factors times prototypes for each cell, row by row; -1 for a sum that is not finite.
   *
   * Of the products p[k] = factors[k] * value[k], eight lanes are summed: lane[j] = p[j] + p[j + 8] + p[j +
   * 16] + ... from left to right. Then half[j] = lane[j] + lane[j + 4], and the sum is ((half[0] + half[1]) +
   * (half[2] + half[3])) + bias. Lanes without a product are 0.
   */
  void (*combine)(const Head& head, const void* values, const Combination& task, float* sums);
};

extern const Kernels kPortableKernels;
extern const Kernels kSsse3Kernels;
extern const Kernels kAvx2Kernels;
extern const Kernels kNeonKernels;

namespace portable {
/** For any head. */
void Combine(const Head& head, const void* values, const Combination& task, float* sums);
}  // namespace portable

/** The kernels that run on this machine, fastest first; the last are the portable ones. */
const std::vector<const Kernels*>& UsableKernels();

/** The kernels in use: those of the instruction set that the pixels' kernels use, TROS_YOLO_SEG_SIMD
 * included. */
const Kernels& ChosenKernels();

}  // namespace decode
