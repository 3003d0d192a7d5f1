#pragma once

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>

#ifdef __linux__
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#endif

/**
 * Gives the calling thread what the environment variable TROS_YOLO_SEG_THREADS says of its role: priority and
 * processors.
 *
 *     TROS_YOLO_SEG_THREADS="javascript=nice:-5,cpu:3;bpu=fifo:20;camera=fifo:30,cpu:1-2"
 *
 * Roles are javascript (the main thread), bpu (a slot's thread: letterbox, BPU, decoding ahead) and camera
 * (native subscriptions). nice is -20 to 19 and holds for the one thread, as Linux has it; fifo is
 * SCHED_FIFO, 1 to 99; cpu is a list such as 0,2-3. Threads that a thread starts inherit all of it. What the
 * system refuses is printed, and the thread runs as it was.
 */
class ThreadSchedule {
 public:
  static void Apply(const std::string& role) {
#ifdef __linux__
    const char* all = std::getenv("TROS_YOLO_SEG_THREADS");
    if (all == nullptr) return;
    Each(all, ';', [&](const std::string& entry) {
      const size_t equals = entry.find('=');
      if (entry.substr(0, equals) != role || equals == std::string::npos) return;
      // A list of processors has commas, too: a part without a colon belongs to the one before.
      std::string setting;
      Each(entry.substr(equals + 1), ',', [&](const std::string& part) {
        if (part.find(':') == std::string::npos && !setting.empty()) {
          setting += ',' + part;
          return;
        }
        if (!setting.empty()) ApplyOne(role, setting);
        setting = part;
      });
      if (!setting.empty()) ApplyOne(role, setting);
    });
#else
    (void)role;
#endif
  }

#ifdef __linux__
  /** Whether the calling thread is the one that the process began with. */
  static bool OnMainThread() { return syscall(SYS_gettid) == getpid(); }

 private:
  template <class Function>
  static void Each(const std::string& text, char separator, Function&& function) {
    for (size_t from = 0; from <= text.size();) {
      const size_t to = std::min(text.find(separator, from), text.size());
      if (to > from) function(text.substr(from, to - from));
      from = to + 1;
    }
  }

  static void ApplyOne(const std::string& role, const std::string& setting) {
    const size_t colon = setting.find(':');
    const std::string kind = setting.substr(0, colon);
    const std::string value = colon == std::string::npos ? "" : setting.substr(colon + 1);
    int number = 0;
    int failed = 0;
    if (kind == "nice" && Number(value, -20, 19, &number)) {
      failed = setpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)), number);
    } else if (kind == "fifo" && Number(value, 1, 99, &number)) {
      sched_param param{};
      param.sched_priority = number;
      failed = sched_setscheduler(0, SCHED_FIFO, &param);
    } else if (cpu_set_t set; kind == "cpu" && Processors(value, &set)) {
      failed = sched_setaffinity(0, sizeof(set), &set);
    } else {
      std::fprintf(stderr,
                   "tros-yolo-seg: Expected nice:-20 to nice:19, fifo:1 to fifo:99 or cpu:LIST for %s in "
                   "TROS_YOLO_SEG_THREADS but received %s.\n",
                   role.c_str(), setting.c_str());
      return;
    }
    if (failed == 0) return;
    std::fprintf(
        stderr,
        "tros-yolo-seg: Expected the system to allow %s for %s (TROS_YOLO_SEG_THREADS) but received: %s. It "
        "takes root, LimitNICE= and LimitRTPRIO= of systemd, or processors that exist.\n",
        setting.c_str(), role.c_str(), std::strerror(errno));
  }

  static bool Number(const std::string& text, int least, int most, int* number) {
    char* end = nullptr;
    const long value = std::strtol(text.c_str(), &end, 10);
    if (text.empty() || *end != '\0' || value < least || value > most) return false;
    *number = static_cast<int>(value);
    return true;
  }

  /** Reads a list such as 0,2-3. */
  static bool Processors(const std::string& list, cpu_set_t* set) {
    CPU_ZERO(set);
    bool good = !list.empty();
    Each(list, ',', [&](const std::string& range) {
      const size_t dash = range.find('-');
      int first = 0;
      int last = 0;
      good = good && Number(range.substr(0, dash), 0, CPU_SETSIZE - 1, &first);
      last = first;
      if (dash != std::string::npos)
        good = good && Number(range.substr(dash + 1), first, CPU_SETSIZE - 1, &last);
      for (int cpu = first; good && cpu <= last; cpu++) CPU_SET(cpu, set);
    });
    return good;
  }
#endif
};
