#pragma once

#include <exception>
#include <string>
#include <utility>

/** What went wrong, as ExpectationError (src/base/expect.ts) says it: expected, received, what to do. */
class Failure : public std::exception {
 public:
  Failure(std::string expected, std::string received, std::string hint)
      : expected(std::move(expected)), received(std::move(received)), hint(std::move(hint)) {}

  const char* what() const noexcept override { return received.c_str(); }

  std::string expected;
  std::string received;
  std::string hint;
};

/** For threads that must go on: strings this short lie in the object, so that it needs no memory itself. */
inline Failure OutOfMemory() { return {"enough memory", "too little", ""}; }
