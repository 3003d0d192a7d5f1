#include "emulator/config.h"

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <sstream>

namespace emulator {
namespace {

using Setter = std::function<void(Config&, const std::string&)>;

template <typename Number>
Setter Into(Number Config::* field) {
  return [field](Config& config, const std::string& value) {
    size_t used = 0;
    config.*field = static_cast<Number>(std::stod(value, &used));
    if (used != value.size()) throw std::invalid_argument(value);
  };
}

Setter Into(std::string Config::* field) {
  return [field](Config& config, const std::string& value) { config.*field = value; };
}

Setter Into(Pace Config::* field) {
  return [field](Config& config, const std::string& value) {
    static const std::map<std::string, Pace> paces = {
        {"real", Pace::kReal}, {"manual", Pace::kManual}, {"fast", Pace::kFast}};
    config.*field = paces.at(value);
  };
}

const std::map<std::string, Setter>& Setters() {
  static const std::map<std::string, Setter> setters = {
      {"version", Into(&Config::version)},
      {"cores", Into(&Config::cores)},
      {"clock", Into(&Config::pace)},
      {"busy_us", Into(&Config::busy_us)},
      {"overhead_us", Into(&Config::overhead_us)},
      {"play_unknown", Into(&Config::play_unknown)},
      {"fail_alloc", Into(&Config::fail_alloc)},
      {"fail_flush", Into(&Config::fail_flush)},
      {"fail_submit", Into(&Config::fail_submit)},
      {"fail_run", Into(&Config::fail_run)},
      {"hang", Into(&Config::hang)},
      {"submit_code", Into(&Config::submit_code)},
      {"run_code", Into(&Config::run_code)},
      {"corrupt_model", Into(&Config::corrupt_model)},
      {"seed", Into(&Config::seed)},
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
