#pragma once

#include "decode/kernels.h"

namespace decode {

/** Cells whose best class reaches its limit, as parallel arrays of length `capacity`. */
struct Candidates {
  float* score;
  uint16_t* class_id;
  int32_t* cell;
  size_t capacity;
  size_t count = 0;

  /** Adds a cell if its best class is reported and reaches its limit; omitted if there is no room. */
  void Offer(double value, int best, const double* limits, int at) {
    if (!(value >= limits[best]) || value == kInfinity || count >= capacity) return;
    score[count] = static_cast<float>(value);
    class_id[count] = static_cast<uint16_t>(best);
    cell[count++] = at;
  }

  static constexpr double kInfinity = __builtin_inf();
};

/**
 * Adds the cells of a class head whose best class reaches its limit, row by row, like CellScanner and
 * PlaneScanner of src/vision/decode. The best class of a cell has the largest value, the first of equals; NaN
 * is never the best.
 *
 * @param limits lowest value of each class, as real numbers; +Infinity for classes that are not reported
 * @param lowest the lowest of them
 */
void Scan(const Kernels& kernels, const Head& head, const void* values, const double* limits, double lowest,
          Candidates& found);

}  // namespace decode
