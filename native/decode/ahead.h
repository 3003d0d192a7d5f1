#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "decode/boxes.h"
#include "decode/head.h"
#include "decode/kernels.h"
#include "decode/nms.h"
#include "decode/scan.h"

namespace decode {

/** A head with its own copy of the scales, and the output that contains it. */
struct PlannedHead {
  size_t output = 0;
  Head head;
  std::vector<double> scales;

  PlannedHead() = default;
  PlannedHead(PlannedHead&&) = default;
  PlannedHead& operator=(PlannedHead&&) = default;
};

struct PlannedLevel {
  /** Size of a cell in model pixels. */
  int stride = 0;
  PlannedHead classes;
  PlannedHead boxes;
  PlannedHead coefficients;
};

/** The decoding steps to run before JavaScript is notified of a frame, for one version of the options. */
struct Plan {
  int32_t version = 0;
  std::vector<PlannedLevel> levels;
  PlannedHead proto;
  int proto_stride = 0;
  int bins = 0;
  std::vector<double> limits;
  double lowest = 0;
  double iou = 1;
  size_t most = 0;
  /** Whether prototypes are combined. */
  bool masks = false;
};

/**
 * The results for a frame, in memory that JavaScript reads (src/vision/decode/ahead.ts): 32-bit integers, or
 * float32 where it says float.
 *
 * From 0 on: the version of the plan, 0 for none; the number of instances; the time in float milliseconds.
 * From kRecords on, kRecordLength for each instance: class, level, cell, whether its coefficients are finite,
 * first and last column and row of the prototypes combined, where their sums begin, or -1; float logit, float
 * corners of the box in model pixels. From kSums on, float sums.
 */
struct Found {
  static constexpr size_t kRecords = 8;
  static constexpr size_t kRecordLength = 16;
  static constexpr size_t kMostInstances = 512;
  static constexpr size_t kSums = kRecords + kRecordLength * kMostInstances;
  /** Room for the prototype cells of a frame full of objects. The masks that do not fit are left to
   * JavaScript. */
  static constexpr size_t kMostSums = 1 << 18;
  static constexpr size_t kLength = kSums + kMostSums;

  std::vector<int32_t> numbers = std::vector<int32_t>(kLength);
};

/** Decodes a frame as far as possible without JavaScript. Reuses its memory; only one thread may use it at a
 * time. */
class Ahead {
 public:
  /** @param outputs memory of the model's outputs, at least as long as the plan's heads need */
  void Run(const Kernels& kernels, const Plan& plan, const std::vector<const void*>& outputs, Found& found);

 private:
  void Resize(size_t cells);
  /** @returns the number of sums used so far */
  size_t Combine(const Kernels& kernels, const Plan& plan, const PlannedLevel& level,
                 const std::vector<const void*>& outputs, int cell, size_t used, int32_t* record,
                 Found& found);

  std::vector<float> score_;
  std::vector<uint16_t> class_id_;
  std::vector<int32_t> cell_;
  std::vector<float> corners_;
  std::vector<uint8_t> valid_;
  std::vector<uint8_t> level_;
  std::vector<float> coefficients_;
  std::vector<float> factors_;
  Suppression suppression_;
};

}  // namespace decode
