#pragma once

#include <cstddef>
#include <cstdint>

#include "decode/once.h"

namespace decode {

/** One axis of the grid that masks are sampled on: GridAxis of src/vision/decode/mask-grid.ts. */
struct Axis {
  /** First cell of interval k at index k + 1, for k from -1 to `protos`. */
  const int32_t* first;
  /** Prototypes per cell, and the prototype coordinate of the center of cell 0. */
  double scale;
  double offset;

  int FirstCell(int k) const { return Once(first + k + 1); }
};

/** A crop of the grid, and the logits at the prototypes around it, row by row. */
struct Crop {
  int left;
  int top;
  int right;
  int bottom;
  int first_column;
  int last_column;
  int first_row;
  int last_row;
  const float* logits;
};

/** Maximum number of cells of a mask along each axis. */
constexpr int32_t kMostCells = 1 << 15;
/** Numbers of a crop: left, top, right, bottom, first and last column, first and last row. */
constexpr size_t kCropLength = 8;

/**
 * Reads a crop, without its logits, from numbers that another thread may be changing: each is read once.
 *
 * @param columns, rows lengths of the axes' lists of first cells
 * @returns false if it is not a crop of a grid, or its prototypes are not between those of the axes
 */
bool ReadCrop(const int32_t* numbers, size_t columns, size_t rows, Crop& crop);

/**
 * Finds the runs of cells inside a mask, where the bilinear surface between the logits is above 0; like
 * RunFinder of src/vision/decode/run-finder.ts.
 *
 * @param runs gets pairs of the first cell of a run and one past its last. Cells are counted through the crop
 * row by row; a run that reaches the right end of a row may continue in the next
 * @param capacity maximum number of pairs in `runs`
 * @returns the number of pairs; if it is more than `capacity`, `runs` is invalid
 */
size_t FindRuns(const Crop& crop, const Axis& x, const Axis& y, int32_t* runs, size_t capacity);

}  // namespace decode
