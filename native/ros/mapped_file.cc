#include "ros/mapped_file.h"

#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <fstream>

namespace ros {

std::string MappedFile(const void* address) {
  const auto wanted = reinterpret_cast<uintptr_t>(address);
  std::ifstream maps("/proc/self/maps");
  std::string line;
  while (std::getline(maps, line)) {
    uintptr_t begin = 0;
    uintptr_t end = 0;
    int path = 0;
    // 7f01-7f02 rw-s 00000000 00:1a 1234   /dev/shm/...
    if (std::sscanf(line.c_str(), "%" SCNxPTR "-%" SCNxPTR " %*s %*s %*s %*s %n", &begin, &end, &path) < 2)
      continue;
    if (wanted < begin || wanted >= end) continue;
    return path > 0 ? line.substr(static_cast<size_t>(path)) : std::string();
  }
  return {};
}

bool IsSharedMemory(const void* address) { return MappedFile(address).rfind("/dev/shm/", 0) == 0; }

}  // namespace ros
