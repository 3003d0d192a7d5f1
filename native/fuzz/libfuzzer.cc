// What driver.cc has beside the loop, for libFuzzer.
#include <cstdio>
#include <cstdlib>

#include "fuzz/target.h"

void fuzz::Fail(const std::string& what) {
  std::fprintf(stderr, "expected %s\n", what.c_str());
  std::abort();
}
