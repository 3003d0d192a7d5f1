#pragma once

#include <cstdio>
#include <exception>

namespace ros {

/**
 * Runs `work` and logs exceptions to stderr. For destructors, exit handlers and cleanup hooks, where an
 * exception would terminate the process.
 * @param what the action, for the log
 */
template <typename Work>
void LogExceptions(const char* what, const Work& work) noexcept {
  const auto say = [&](const char* why) { std::fprintf(stderr, "[tros_yolo_seg] %s: %s\n", what, why); };
  try {
    work();
  } catch (const std::exception& error) {
    say(error.what());
  } catch (...) {
    say("an exception of unknown kind");
  }
}

}  // namespace ros
