#pragma once

#include <string>

namespace ros {

/**
 * The file mapped at an address, from /proc/self/maps; empty for none (heap, stack).
 *
 * For a loaned message this tells what no ROS interface does: whether it is in memory shared with subscribers
 * (/dev/shm/fast_datasharing...), or in memory of this process, to be copied. Takes about 0.1 ms, too long
 * for every frame.
 */
std::string MappedFile(const void* address);

/** Whether the address is in shared memory. */
bool IsSharedMemory(const void* address);

}  // namespace ros
