#pragma once

#include <functional>
#include <string>
#include <vector>

namespace bench {

/** One way to do the work of a contest. */
struct Candidate {
  std::string by;
  std::function<void()> run;
};

/**
 * Times candidates in turn, `rounds` times, so that whatever else the machine does falls on all alike, and
 * prints a line of JSON for each:
 *
 *     {"task":"letterbox","size":"960x544","by":"avx2","median_ns":1,"p95_ns":2,"rounds":200,"ratios":{"libyuv":0.2}}
 *
 * `ratios` are the medians of the ratios within a round to each of `baselines` that takes part.
 */
void Compare(const std::string& task, const std::string& size, const std::vector<Candidate>& candidates,
             const std::vector<std::string>& baselines, size_t rounds);

}  // namespace bench
