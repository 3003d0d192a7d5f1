/* Loses every N-th datagram that a process sends, for measure.py: LD_PRELOAD with DROP_EVERY=N. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>

static atomic_ulong sent;

/* Whether this datagram is one of those; pretends success, as a network does. */
static int drop(int fd) {
  static long every = -1;
  if (every < 0) every = getenv("DROP_EVERY") ? atol(getenv("DROP_EVERY")) : 0;
  int type = 0;
  socklen_t size = sizeof type;
  if (every == 0 || getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) != 0 || type != SOCK_DGRAM) return 0;
  return (atomic_fetch_add(&sent, 1) + 1) % (unsigned long)every == 0;
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
  static ssize_t (*real)(int, const struct msghdr *, int);
  if (!real) *(void **)&real = dlsym(RTLD_NEXT, "sendmsg");
  if (drop(fd)) {
    size_t length = 0;
    for (size_t i = 0; i < message->msg_iovlen; i++) length += message->msg_iov[i].iov_len;
    return (ssize_t)length;
  }
  return real(fd, message, flags);
}

ssize_t sendto(int fd, const void *data, size_t length, int flags, const struct sockaddr *to, socklen_t size) {
  static ssize_t (*real)(int, const void *, size_t, int, const struct sockaddr *, socklen_t);
  if (!real) *(void **)&real = dlsym(RTLD_NEXT, "sendto");
  return drop(fd) ? (ssize_t)length : real(fd, data, length, flags, to, size);
}
