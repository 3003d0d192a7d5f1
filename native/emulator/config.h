#pragma once

#include <cstdint>
#include <string>

#include "emulator/clock.h"

/** The emulated board and its faults, from the environment variable TROS_YOLO_SEG_EMULATOR
 * (docs/emulator.md). */
namespace emulator {

struct Config {
  /** What hbDNNGetVersion says. */
  std::string version = "1.23.10_(tros_yolo_seg emulator)";
  /** Kind of BPU: models for another are refused; empty takes all. bayes-e on X5, bernoulli2 on X3. */
  std::string march;
  /** BPU cores: 1 as on X5, 2 as on X3. */
  int cores = 1;
  ClockMode mode = ClockMode::kReal;
  /** Override the latencies of model files; negative leaves them. Microseconds. */
  int64_t busy_us = -1;
  int64_t overhead_us = -1;
  /** How long the BPU works on after a running task was released. Microseconds. */
  int64_t stop_us = 2000;
  /** How long after that a core that does not heed the release writes the task's outputs; 0: it heeds it.
   * Microseconds. */
  int64_t late_us = 0;
  /** Members of tensor properties that quantiType does not select point to nowhere. */
  bool stale_quanti = false;
  /** Frames that were not recorded: fail, or play the model's first frame. */
  bool play_unknown = false;

  /** Faults: probability of each, for each call or task. */
  double fail_alloc = 0;
  double fail_flush = 0;
  double fail_submit = 0;
  double fail_run = 0;
  double hang = 0;
  /** hbDNNWaitTaskDone fails, whatever becomes of the task. */
  double fail_wait = 0;
  /** Codes of fail_submit, fail_run and fail_wait. */
  int32_t submit_code = -6000009;
  int32_t run_code = -6000012;
  int32_t wait_code = -6000015;
  /** RejectInfer every model file as damaged. */
  bool corrupt_model = false;
  uint64_t seed = 1;

  /** File that receives the counters at unload, as JSON. */
  std::string report;
};

/** @returns false, with a line on stderr, when `text` has an unknown key or a value that its key cannot have
 */
bool Parse(const std::string& text, Config& config);

/** The variable's present value; empty when it is not set. */
std::string ConfigText();

}  // namespace emulator
