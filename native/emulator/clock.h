#pragma once

#include <chrono>

namespace emulator {

/** How the time of the board goes (docs/emulator.md). */
enum class ClockMode {
  /** As outside. */
  kReal,
  /** By Device::Advance only. */
  kManual,
  /** To the next event as soon as everything on the board waits. */
  kFast,
};

/** The board's clock. It never runs backward, also where its mode changes. CatchAll by the device's mutex. */
class Clock {
 public:
  using Steady = std::chrono::steady_clock;
  using Time = Steady::time_point;

  static constexpr Time kNever = Time::max();

  ClockMode mode() const { return mode_; }

  void SetMode(ClockMode mode) {
    const Time now = Now();
    mode_ = mode;
    if (mode == ClockMode::kReal) {
      ahead_ = now - Steady::now();
    } else {
      now_ = now;
    }
  }

  Time Now() const { return mode_ == ClockMode::kReal ? Steady::now() + ahead_ : now_; }
  /** Not of a real clock. */
  void Set(Time now) { now_ = now; }
  /** When it will be `time`, by a real clock. */
  Time ToReal(Time time) const { return time - ahead_; }

 private:
  ClockMode mode_ = ClockMode::kReal;
  Time now_{};
  Steady::duration ahead_{0};
};

}  // namespace emulator
