#pragma once

#include "decode/kernels.h"

namespace decode {

/** Cells whose best class reaches its limit, as parallel arrays of room for `capacity`. */
struct Candidates {
  float* score;
  uint16_t* class_id;
  int32_t* cell;
  size_t capacity;
  size_t count = 0;

  /** Adds a cell unless its best class is not wanted or not certain enough; what does not fit is left out. */
  void Offer(double value, int best, const double* limits, int at) {
    if (!(value >= limits[best]) || value == kInfinity || count >= capacity) return;
    score[count] = static_cast<float>(value);
    class_id[count] = static_cast<uint16_t>(best);
    cell[count++] = at;
  }

  static constexpr double kInfinity = __builtin_inf();
};

/**
 * Adds the cells of a class head whose best class is certain enough, row by row: CellScanner and PlaneScanner
 * of src/vision/decode. The best class of a cell has the largest number, the first of equals; NaN is none.
 *
 * @param limits least number of each class, as real numbers; +Infinity for one that is not wanted
 * @param lowest the least of them
 */
void Scan(const Kernels& kernels, const Head& head, const void* values, const double* limits, double lowest,
          Candidates& found);

}  // namespace decode
