#pragma once

#include <cstdio>
#include <exception>

namespace ros {

/**
 * For destructors, handlers at exit and clean-up hooks: an exception that left one would end the process.
 * Says on stderr what is thrown.
 *
 * @param what is done, for the line on stderr
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
