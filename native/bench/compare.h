#pragma once

#include <functional>
#include <string>
#include <vector>

namespace bench {

/** One implementation in a comparison. */
struct Candidate {
  std::string by;
  std::function<void()> run;
};

/**
 * Times the candidates alternately for `rounds` rounds, so that other load affects all of them equally.
 * Prints one line of JSON for each:
 *
 *      {"task":"letterbox","size":"960x544","by":"avx2","median_ns":1,"p95_ns":2,"rounds":200,"ratios":{"libyuv":0.2}}
 *
 * `ratios` has, for each of `baselines` among the candidates, the median of the per-round time ratios.
 */
void Compare(const std::string& task, const std::string& size, const std::vector<Candidate>& candidates,
             const std::vector<std::string>& baselines, size_t rounds);

}  // namespace bench
