#include "emulator/config.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <iomanip>
#include <map>
#include <sstream>
#include <stdexcept>
#include <type_traits>

namespace emulator {
namespace {

using Setter = std::function<void(Config&, const std::string&)>;

/** A value outside its range; what() is the range. */
struct OutOfRange : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/** Sets a number; integer fields accept whole numbers only. */
template <typename Number>
Setter Into(Number Config::*field, double min, double max) {
  return [field, min, max](Config& config, const std::string& value) {
    size_t used = 0;
    const double number = std::stod(value, &used);
    if (used != value.size()) throw std::invalid_argument(value);
    const bool whole = std::is_integral_v<Number>;
    if (!(number >= min && number <= max) || (whole && number != std::floor(number))) {
      std::ostringstream range;
      range << std::setprecision(17) << (whole ? "a whole number from " : "a number from ") << min << " to "
            << max;
      throw OutOfRange(range.str());
    }
    config.*field = static_cast<Number>(number);
  };
}

constexpr double kMaxCores = 16;
/** One hour. */
constexpr double kMaxMicroseconds = 3.6e9;
constexpr double kMaxSeed = 9007199254740991;

Setter Time(int64_t Config::*field) { return Into(field, -1, kMaxMicroseconds); }
Setter Chance(double Config::*field) { return Into(field, 0, 1); }
Setter Code(int32_t Config::*field) { return Into(field, -2147483648.0, 2147483647); }
Setter Switch(bool Config::*field) { return Into(field, 0, 1); }

Setter Into(std::string Config::*field) {
  return [field](Config& config, const std::string& value) { config.*field = value; };
}

Setter Into(ClockMode Config::*field) {
  return [field](Config& config, const std::string& value) {
    static const std::map<std::string, ClockMode> modes = {
        {"real", ClockMode::kReal}, {"manual", ClockMode::kManual}, {"fast", ClockMode::kFast}};
    const auto mode = modes.find(value);
    if (mode == modes.end()) throw OutOfRange("real, manual or fast");
    config.*field = mode->second;
  };
}

const std::map<std::string, Setter>& Setters() {
  static const std::map<std::string, Setter> setters = {
      {"version", Into(&Config::version)},
      {"march", Into(&Config::march)},
      {"cores", Into(&Config::cores, 1, kMaxCores)},
      {"clock", Into(&Config::mode)},
      {"busy_us", Time(&Config::busy_us)},
      {"overhead_us", Time(&Config::overhead_us)},
      {"stop_us", Into(&Config::stop_us, 0, kMaxMicroseconds)},
      {"late_us", Into(&Config::late_us, 0, kMaxMicroseconds)},
      {"play_unknown", Switch(&Config::play_unknown)},
      {"stale_quanti", Switch(&Config::stale_quanti)},
      {"fail_alloc", Chance(&Config::fail_alloc)},
      {"fail_flush", Chance(&Config::fail_flush)},
      {"fail_submit", Chance(&Config::fail_submit)},
      {"fail_run", Chance(&Config::fail_run)},
      {"fail_wait", Chance(&Config::fail_wait)},
      {"hang", Chance(&Config::hang)},
      {"submit_code", Code(&Config::submit_code)},
      {"run_code", Code(&Config::run_code)},
      {"wait_code", Code(&Config::wait_code)},
      {"corrupt_model", Switch(&Config::corrupt_model)},
      {"seed", Into(&Config::seed, 0, kMaxSeed)},
      {"report", Into(&Config::report)},
  };
  return setters;
}

}  // namespace

bool Parse(const std::string& text, Config& config) {
  std::istringstream items(text);
  for (std::string item; std::getline(items, item, ',');) {
    const size_t equals = item.find('=');
    const auto setter = Setters().find(item.substr(0, equals));
    try {
      if (equals == std::string::npos || setter == Setters().end()) throw std::invalid_argument(item);
      setter->second(config, item.substr(equals + 1));
    } catch (const OutOfRange& range) {
      std::fprintf(stderr, "[emulator] Expected %s but received %s.\n", range.what(), item.c_str());
      return false;
    } catch (const std::exception&) {
      std::fprintf(stderr, "[emulator] Expected KEY=VALUE as in docs/emulator.md but received %s.\n",
                   item.c_str());
      return false;
    }
  }
  return true;
}

std::string ConfigText() {
  const char* text = std::getenv("TROS_YOLO_SEG_EMULATOR");
  return text ? text : "";
}

}  // namespace emulator
