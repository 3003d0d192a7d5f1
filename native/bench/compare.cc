#include "compare.h"

#include <algorithm>
#include <chrono>
#include <cstdio>

namespace bench {
namespace {

double Nanoseconds(const std::function<void()>& run) {
  const auto start = std::chrono::steady_clock::now();
  run();
  return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start).count();
}

double Quantile(std::vector<double> values, double share) {
  const auto at =
      values.begin() + static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

}  // namespace

void Compare(const std::string& task, const std::string& size, const std::vector<Candidate>& candidates,
             const std::vector<std::string>& baselines, size_t rounds) {
  std::vector<std::vector<double>> times(candidates.size());
  for (const Candidate& candidate : candidates) candidate.run();  // warm up memory and tables
  for (size_t round = 0; round < rounds; round++) {
    for (size_t i = 0; i < candidates.size(); i++) times[i].push_back(Nanoseconds(candidates[i].run));
  }
  for (size_t i = 0; i < candidates.size(); i++) {
    std::string ratios;
    for (const std::string& baseline : baselines) {
      const auto found = std::find_if(candidates.begin(), candidates.end(),
                                      [&](const Candidate& other) { return other.by == baseline; });
      if (found == candidates.end()) continue;
      const auto& other = times[static_cast<size_t>(found - candidates.begin())];
      std::vector<double> of_rounds;
      for (size_t round = 0; round < rounds; round++) of_rounds.push_back(times[i][round] / other[round]);
      char text[80];
      std::snprintf(text, sizeof text, "%s\"%s\":%.3f", ratios.empty() ? "" : ",", baseline.c_str(),
                    Quantile(of_rounds, 0.5));
      ratios += text;
    }
    std::printf(
        "{\"task\":\"%s\",\"size\":\"%s\",\"by\":\"%s\",\"median_ns\":%.0f,\"p95_ns\":%.0f,\"rounds\":%zu,"
        "\"ratios\":{%s}}\n",
        task.c_str(), size.c_str(), candidates[i].by.c_str(), Quantile(times[i], 0.5),
        Quantile(times[i], 0.95), rounds, ratios.c_str());
  }
  std::fflush(stdout);
}

}  // namespace bench
