#pragma once

#include "decode/head.h"

namespace decode {

/** Most bins of a softmax; 16 as a rule. */
constexpr int kMostBins = 64;

/** Corners of boxes in model pixels. */
struct Boxes {
  float* x1;
  float* y1;
  float* x2;
  float* y2;
};

/**
 * The box of a cell whose head tells distances from its center, as DistanceBoxes of src/vision/decode/box.ts
 * has it: each side the expectation of a softmax over `bins` logits, or a plain number where there is one
 * bin.
 *
 * @param stride model pixels of a cell
 * @returns false when the head holds numbers that make no box
 */
bool DistanceBox(const Head& head, const void* values, int stride, int bins, int cell, const Boxes& boxes,
                 size_t i);

/** The channels of a cell as real numbers. */
void ReadChannels(const Head& head, const void* values, int cell, float* target);

/** e^x for x of 0 or less, the same bits on every machine: softExp() of src/vision/decode/soft-exp.ts. */
double SoftExp(double x);

}  // namespace decode
