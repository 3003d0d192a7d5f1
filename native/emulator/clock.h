#pragma once

#include <chrono>

namespace emulator {

/** How the time of the board goes (docs/emulator.md). */
enum class Pace {
  /** As outside. */
  kReal,
  /** By Device::Advance only. */
  kManual,
  /** To the next event as soon as everything on the board waits. */
  kFast,
};

/** The board's clock. It never runs backward, also where its pace changes. Guarded by the device's mutex. */
class Clock {
 public:
  using Steady = std::chrono::steady_clock;
  using Time = Steady::time_point;

  static constexpr Time kNever = Time::max();

  Pace pace() const { return pace_; }

  void Use(Pace pace) {
    const Time now = Now();
    pace_ = pace;
    if (pace == Pace::kReal) {
      ahead_ = now - Steady::now();
    } else {
      now_ = now;
    }
  }

  Time Now() const { return pace_ == Pace::kReal ? Steady::now() + ahead_ : now_; }
  /** Not of a real clock. */
  void Set(Time now) { now_ = now; }
  /** When it will be `time`, by a real clock. */
  Time Outside(Time time) const { return time - ahead_; }

 private:
  Pace pace_ = Pace::kReal;
  Time now_{};
  Steady::duration ahead_{0};
};

}  // namespace emulator
