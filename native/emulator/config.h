#pragma once

#include <cstdint>
#include <string>

#include "emulator/clock.h"

/**
 * Configuration of the emulated board and its faults, from the environment variable TROS_YOLO_SEG_EMULATOR
 * (docs/emulator.md).
 */
namespace emulator {

struct Config {
  /** The result of hbDNNGetVersion. */
  std::string version = "1.23.10_(tros_yolo_seg emulator)";
  /**
   * BPU architecture: bayes-e on X5, bernoulli2 on X3. Models for another architecture are rejected; empty
   * accepts all.
   */
  std::string march;
  /** Number of BPU cores: 1 as on X5, or 2 as on X3. */
  int cores = 1;
  ClockMode mode = ClockMode::kReal;
  /** Override the latencies of model files, in microseconds; negative keeps them. */
  int64_t busy_us = -1;
  int64_t overhead_us = -1;
  /** How long the BPU keeps working on a running task after its release, in microseconds. */
  int64_t stop_us = 2000;
  /** How long after that the core still writes the task's outputs, in microseconds; 0: it does not. */
  int64_t late_us = 0;
  /** Tensor property members that quantiType does not select are invalid pointers. */
  bool stale_quanti = false;
  /** Frames that were not recorded play the model's first frame instead of failing. */
  bool play_unknown = false;

  /** Faults: the probability of each, per call or task. */
  double fail_alloc = 0;
  double fail_flush = 0;
  double fail_submit = 0;
  double fail_run = 0;
  double hang = 0;
  /** hbDNNWaitTaskDone fails, regardless of the task's result. */
  double fail_wait = 0;
  /** Status codes of fail_submit, fail_run and fail_wait. */
  int32_t submit_code = -6000009;
  int32_t run_code = -6000012;
  int32_t wait_code = -6000015;
  /** Reject every model file as damaged. */
  bool corrupt_model = false;
  uint64_t seed = 1;

  /** The counters are written to this file at unload, as JSON. */
  std::string report;
};

/** @returns false, with a line on stderr, for an unknown key or an invalid value */
bool Parse(const std::string& text, Config& config);

/** The current value of the variable; empty when unset. */
std::string ConfigText();

}  // namespace emulator
