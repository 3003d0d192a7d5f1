#pragma once

#include <pthread.h>

/** Names the calling thread, as `top -H` and debuggers show it: 15 characters at most. */
inline void NameThread(const char* name) {
#ifdef __linux__
  pthread_setname_np(pthread_self(), name);
#else
  (void)name;
#endif
}
