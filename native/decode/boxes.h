#pragma once

#include "decode/head.h"

namespace decode {

/** Maximum number of DFL bins; models normally have 16. */
constexpr int kMostBins = 64;

/** Corners of boxes in model pixels. */
struct Boxes {
  float* x1;
  float* y1;
  float* x2;
  float* y2;
};

/**
 * The box of a cell whose head holds distances from its center, like DistanceBoxes of
 * src/vision/decode/box.ts: each side the expectation of a softmax over `bins` logits, or a plain number
 * where there is one bin.
 *
 * @param stride size of a cell in model pixels
 * @returns false if the numbers do not form a box
 */
bool DistanceBox(const Head& head, const void* values, int stride, int bins, int cell, const Boxes& boxes,
                 size_t i);

/** Reads the channels of a cell as real numbers. */
void ReadChannels(const Head& head, const void* values, int cell, float* target);

/** e^x for x of 0 or less, the same bits on every machine: softExp() of src/vision/decode/soft-exp.ts. */
double SoftExp(double x);

}  // namespace decode
