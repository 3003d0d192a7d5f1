#pragma once

#include <chrono>

namespace emulator {

/** How time passes on the board (docs/emulator.md). */
enum class ClockMode {
  /** In real time. */
  kReal,
  /** Only through Device::Advance. */
  kManual,
  /** Jumps to the next event as soon as everything on the board is idle. */
  kFast,
};

/** The board's clock. It never runs backward, even when its mode changes. Guarded by the device's mutex. */
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
  /** Not for a real-time clock. */
  void Set(Time now) { now_ = now; }
  /** The real time that corresponds to `time`, for a real-time clock. */
  Time ToReal(Time time) const { return time - ahead_; }

 private:
  ClockMode mode_ = ClockMode::kReal;
  Time now_{};
  Steady::duration ahead_{0};
};

}  // namespace emulator
