/**
 * Runs a fuzz target for a while on mutated inputs, or on files.
 *
 *      TARGET [--seconds N] [--inputs N] [--seed N] [--findings FOLDER]
 *      TARGET FILE...
 *      TARGET --write-seeds FOLDER     initial inputs for AFL and libFuzzer
 *
 * The same seed gives the same inputs in the same order for the same target. An input that crashes the
 * process or hangs (kHangingCpu, kHangingWall) is saved, and the exit code is 1.
 */
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include "fuzz/coverage.h"
#include "fuzz/mutator.h"
#include "fuzz/target.h"

namespace {

using Clock = std::chrono::steady_clock;

/**
 * Seconds after which an input counts as hanging: of computing, all threads together, and of waiting. A busy
 * machine makes an input wait, but not compute. The same as in test/fuzz/hang-watch.ts.
 */
constexpr unsigned kHangingCpu = 30;
constexpr unsigned kHangingWall = 600;

std::string target_name;
std::string findings = ".";
std::string seed_text = "1";
/** The input that is running. */
const fuzz::Bytes* current = nullptr;
uint64_t ran = 0;
/** Whether it was read from a file and need not be saved. */
bool from_file = false;

/** Called by the sanitizers before they end the process. */
void Save() {
  if (!current) return;
  const fuzz::Bytes& input = *current;
  current = nullptr;
  if (from_file) return;
  const std::string path =
      findings + "/" + target_name + "-seed" + seed_text + "-input" + std::to_string(ran);
  std::FILE* file = std::fopen(path.c_str(), "wb");
  const bool saved = file && std::fwrite(input.data(), 1, input.size(), file) == input.size();
  if (file) std::fclose(file);
  dprintf(STDERR_FILENO, "%s: a finding, input %llu of seed %s, %zu bytes, %s %s\n", target_name.c_str(),
          static_cast<unsigned long long>(ran), seed_text.c_str(), input.size(),
          saved ? "saved as" : "which could not be saved as", path.c_str());
  dprintf(STDERR_FILENO, "To repeat it: scripts/fuzz.sh %s %s\n", target_name.c_str(), path.c_str());
}

void OnHang(int signal) {
  if (signal == SIGPROF) {
    dprintf(STDERR_FILENO, "%s: computes for more than %u s\n", target_name.c_str(), kHangingCpu);
  } else {
    dprintf(STDERR_FILENO, "%s: takes longer than %u s\n", target_name.c_str(), kHangingWall);
  }
  Save();
  _exit(1);
}

/** Zero stops both clocks. */
void Limit(unsigned cpu, unsigned wall) {
  const itimerval limit = {{0, 0}, {static_cast<time_t>(cpu), 0}};
  setitimer(ITIMER_PROF, &limit, nullptr);
  alarm(wall);
}

/** @returns its duration in seconds */
double Run(const fuzz::Bytes& input) {
  current = &input;
  Limit(kHangingCpu, kHangingWall);
  const auto start = Clock::now();
  // An exact-size copy, so that reads beyond its end are detected.
  const fuzz::Bytes exact(input);
  LLVMFuzzerTestOneInput(exact.data(), exact.size());
  Limit(0, 0);
  current = nullptr;
  return std::chrono::duration<double>(Clock::now() - start).count();
}

int RunFiles(int count, char** paths) {
  from_file = true;
  for (int i = 0; i < count; i++) {
    std::ifstream file(paths[i], std::ios::binary);
    const fuzz::Bytes input{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    if (!file.good() && !file.eof()) {
      dprintf(STDERR_FILENO, "Expected a file but received %s, which cannot be read.\n", paths[i]);
      return 2;
    }
    dprintf(STDERR_FILENO, "%s: %s, %zu bytes\n", target_name.c_str(), paths[i], input.size());
    Run(input);
  }
  std::printf("%s: %d files, no finding\n", target_name.c_str(), count);
  return 0;
}

int WriteSeeds(const std::string& folder) {
  const std::vector<fuzz::Bytes> seeds = fuzz::Seeds();
  for (size_t i = 0; i < seeds.size(); i++) {
    std::ofstream file(folder + "/seed" + std::to_string(i), std::ios::binary);
    file.write(reinterpret_cast<const char*>(seeds[i].data()), static_cast<std::streamsize>(seeds[i].size()));
    if (!file.flush()) {
      dprintf(STDERR_FILENO, "Expected a folder to write to but received %s.\n", folder.c_str());
      return 2;
    }
  }
  return 0;
}

int RunChanged(double seconds, uint64_t most) {
  std::vector<fuzz::Bytes> corpus = fuzz::Seeds();
  const size_t seeds = corpus.size();
  size_t longest = 4096;
  for (const fuzz::Bytes& seed : corpus) {
    longest = std::max(longest, 2 * seed.size());
    fuzz::BeginCoverage();
    Run(seed);
    fuzz::EndCoverage();
  }
  fuzz::Mutator mutator(static_cast<uint32_t>(std::strtoul(seed_text.c_str(), nullptr, 10)), longest);
  const auto start = Clock::now();
  const auto elapsed = [&] { return std::chrono::duration<double>(Clock::now() - start).count(); };
  double slowest = 0;
  while (ran < most && (ran % 64 != 0 || elapsed() < seconds)) {
    // The most recent additions have got the furthest.
    const size_t newest = std::min<size_t>(corpus.size(), 32);
    const size_t index =
        mutator.Below(2) == 0 ? mutator.Below(corpus.size()) : corpus.size() - 1 - mutator.Below(newest);
    fuzz::Bytes input = mutator.Mutate(corpus[index], corpus[mutator.Below(corpus.size())]);
    fuzz::BeginCoverage();
    slowest = std::max(slowest, Run(input));
    if (fuzz::EndCoverage() > 0) corpus.push_back(std::move(input));
    ran++;
  }
  std::printf(
      "%s: %llu inputs of seed %s in %.0f s, %zu blocks reached, %zu inputs kept beside %zu seeds, the "
      "slowest in %.0f ms, no finding\n",
      target_name.c_str(), static_cast<unsigned long long>(ran), seed_text.c_str(), elapsed(),
      fuzz::BlocksReached(), corpus.size() - seeds, seeds, 1000 * slowest);
  return 0;
}

}  // namespace

#define EXPORT extern "C" __attribute__((visibility("default")))

/** Excessive memory use and abort() count as findings. */
EXPORT const char* __asan_default_options() {
  return "handle_abort=1:exitcode=1:max_allocation_size_mb=1024:hard_rss_limit_mb=2048:detect_stack_use_"
         "after_return=1:"
         "quarantine_size_mb=16";
}
EXPORT const char* __ubsan_default_options() { return "print_stacktrace=1:abort_on_error=1"; }

void fuzz::Fail(const std::string& what) {
  dprintf(STDERR_FILENO, "%s: expected %s\n", target_name.c_str(), what.c_str());
  std::abort();
}

int main(int count, char** arguments) {
  target_name = arguments[0];
  target_name = target_name.substr(target_name.rfind('/') + 1);
  if (target_name.rfind("fuzz_", 0) == 0) target_name = target_name.substr(5);
  double seconds = 10;
  uint64_t most = UINT64_MAX;
  int next = 1;
  for (; next + 1 < count && arguments[next][0] == '-' && arguments[next][1] == '-'; next += 2) {
    const std::string option = arguments[next];
    const char* value = arguments[next + 1];
    if (option == "--seconds") {
      seconds = std::strtod(value, nullptr);
    } else if (option == "--inputs") {
      most = std::strtoull(value, nullptr, 10);
      seconds = 1e9;
    } else if (option == "--seed") {
      seed_text = value;
    } else if (option == "--write-seeds") {
      return WriteSeeds(value);
    } else if (option == "--findings") {
      findings = value;
    } else {
      dprintf(STDERR_FILENO, "Expected --seconds, --inputs, --seed, --findings or files but received %s.\n",
              option.c_str());
      return 2;
    }
  }
  __sanitizer_set_death_callback(Save);
  // Silence the target's messages about damaged files. The driver and the sanitizers write to the file
  // descriptor instead.
  if (next == count) stderr = std::fopen("/dev/null", "w");
  std::signal(SIGALRM, OnHang);
  std::signal(SIGPROF, OnHang);
  return next < count ? RunFiles(count - next, arguments + next) : RunChanged(seconds, most);
}
