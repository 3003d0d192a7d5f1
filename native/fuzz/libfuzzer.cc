// The part of driver.cc that libFuzzer does not replace.
#include <cstdio>
#include <cstdlib>

#include "fuzz/target.h"

void fuzz::Fail(const std::string& what) {
  std::fprintf(stderr, "expected %s\n", what.c_str());
  std::abort();
}
