#pragma once

#include <exception>
#include <string>
#include <utility>

/**
 * A failure in the terms of ExpectationError (src/base/expect.ts): what was expected, what was received, what
 * to do.
 */
class Failure : public std::exception {
 public:
  Failure(std::string expected, std::string received, std::string hint)
      : expected(std::move(expected)), received(std::move(received)), hint(std::move(hint)) {}

  const char* what() const noexcept override { return received.c_str(); }

  std::string expected;
  std::string received;
  std::string hint;
};

/** For threads that must not throw: strings this short fit inside the object, so it allocates nothing. */
inline Failure OutOfMemory() { return {"enough memory", "too little", ""}; }
