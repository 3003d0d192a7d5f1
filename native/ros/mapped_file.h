#pragma once

#include <string>

namespace ros {

/**
 * The file that is mapped to an address, by /proc/self/maps; empty for none (heap, stack).
 *
 * For a loaned message it tells what no interface of ROS does: whether it really lies in memory that
 * subscribers share
 * (/dev/shm/fast_datasharing...), or in memory of this process, from where it is copied. Takes some 0.1 ms:
 * not for each frame.
 */
std::string MappedFile(const void* address);

/** Whether other processes can see what is written to the address. */
bool IsSharedMemory(const void* address);

}  // namespace ros
